"""From the options of ``wideep import`` to a stack config, and the problems that ``wideep plan`` would report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wideep.errors import Problem
from wideep.launch.stack import ImportedStack, Site, import_stack
from wideep.launch.words import LaunchCommand, UnreadCommandError
from wideep.named_file import read_named
from wideep.rules import check
from wideep.settings import parse
from wideep.settings.layout import Role
from wideep_cli.errors import CallError
from wideep_cli.launch_source import EXAMPLE_COMMAND, commands_in, commands_of_file, one_for_each_role

__all__ = ["Import", "imported", "named_commands"]


@dataclass(frozen=True)
class Import:
    """An imported stack, and the problems of its config."""

    stack: ImportedStack
    problems: tuple[Problem, ...]


def named_commands(
    command: str | None, file: Path | None, prefill: str | None, decode: str | None
) -> Mapping[Role, LaunchCommand]:
    """Return one command for each role, from what the options name.

    Raises:
        CallError: the options name no command, or name commands in more than one way.
    """
    by_role = {role: text for role, text in ((Role.PREFILL, prefill), (Role.DECODE, decode)) if text}
    if sum((bool(command), bool(file), bool(by_role))) != 1:
        raise CallError(
            "Name the commands in one way: COMMAND, --file, or --prefill and --decode.",
            f"For example: wideep import '{EXAMPLE_COMMAND}'",
        )
    if by_role:
        return one_for_each_role([_of_role(role, text) for role, text in by_role.items()])
    return one_for_each_role(commands_of_file(file) if file else commands_in(command or ""))


def _of_role(role: Role, text: str) -> LaunchCommand:
    """Return the first command of a text for this role; raise CallError if the command is for the other role."""
    command = commands_in(text)[0]
    if command.role not in (role, None):
        fix = f"Give it with --{command.role}, or take the flag out of it."
        raise CallError(f"The command of --{role} says by a flag that it is of {command.role}.", fix)
    return replace(command, role=role)


def imported(commands: Mapping[Role, LaunchCommand], site: Site) -> Import:
    """Return the stack that the commands describe.

    Raises:
        CallError: a command cannot be read.
        ConfigError: the resulting config does not match the schema.
    """

    def read_text(name: str) -> str:
        return read_named(Path(name))

    try:
        found = import_stack(commands, site, read_text)
    except UnreadCommandError as error:
        raise CallError(str(error), "wideep import --help has the options.") from error
    return Import(found, tuple(check(parse({**found.config, "hfToken": {"secure": "later"}}, read_text))))
