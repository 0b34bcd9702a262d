"""``wideep plan --against``: the user's own launch command beside the plan's arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep.launch.compare import Compared, Relation, compare
from wideep.launch.words import LaunchCommand, UnreadCommandError
from wideep.masking import masked
from wideep.named_file import is_file, is_there
from wideep.settings.layout import Role
from wideep_cli.errors import CallError
from wideep_cli.launch_source import commands_in, commands_of_file
from wideep_cli.markdown import code
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cli.stack_context import StackContext

__all__ = ["against_report"]

HEAD = ("flag", "yours", "the plan's", "decided by")
COLOURS = {Relation.DIFFERS: "yellow", Relation.ONLY_YOURS: "red", Relation.ONLY_PLANS: "cyan"}


def against_report(loaded: StackContext, text: str, output: OutputFormat) -> RenderableType:
    """Return the comparison for each role that has a command in ``text``, which is a command or the path of a script.

    Raises:
        CallError: there is no command, or a command is for another engine.
    """
    roles = {role: _compared(loaded, role, command) for role, command in _commands(text).items()}
    match output:
        case OutputFormat.JSON:
            rows = {role: [asdict(row) for row in found] for role, found in roles.items()}
            return json.dumps(rows, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            return "\n".join(line for role, found in roles.items() for line in _markdown(role, found))
        case OutputFormat.TEXT:
            return Group(*(block for role, found in roles.items() for block in _text(role, found)))


def _commands(text: str) -> Mapping[Role, LaunchCommand]:
    """Return the first command of each role that has one; a command for no particular role counts for both."""
    path = Path(text)
    is_script = "\n" not in text and is_file(path)
    if not is_script and len(text.split()) == 1:
        what = "is not a regular file" if is_there(path) else "does not exist"
        raise CallError(f"{masked(text[:200])} {what}.", "Name a script with launch commands, or quote a command.")
    found = commands_of_file(path) if is_script else commands_in(text)
    first = {role: next((each for each in found if each.role in (role, None)), None) for role in Role}
    return {role: command for role, command in first.items() if command}


def _compared(loaded: StackContext, role: Role, command: LaunchCommand) -> tuple[Compared, ...]:
    try:
        return compare(loaded.settings, role, loaded.plan.roles[role].args, command)
    except UnreadCommandError as error:
        fix = f"Compare with a stack that has backend: {command.backend}; `wideep import` makes one."
        raise CallError(str(error), fix) from error


def _headline(role: Role, found: Sequence[Compared]) -> str:
    counts = [(relation, sum(row.relation is relation for row in found)) for relation in Relation]
    said = [
        f"{count} {'differ' if relation is Relation.DIFFERS and count > 1 else relation}"
        for relation, count in counts
        if count
    ]
    return f"{role}: " + ", ".join(said)


def _text(role: Role, found: Sequence[Compared]) -> Iterator[RenderableType]:
    yield Text(f"{_headline(role, found)}", style="bold")
    yield Text(f"Keys are those of layout.{role}.\n", style="dim")
    for relation in Relation:
        rows = [row for row in found if row.relation is relation]
        if not rows:
            continue
        table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
        for name in _head(relation):
            table.add_column(name, overflow="fold", no_wrap=name == HEAD[0])
        for row in rows:
            table.add_row(*(Text(cell.removeprefix(f"layout.{role}.")) for cell in _cells(row)))
        yield Text(str(relation), style=COLOURS.get(relation, ""))
        yield table
        yield Text("")


def _head(relation: Relation) -> tuple[str, ...]:
    return HEAD if relation is Relation.DIFFERS else (HEAD[0], "value", HEAD[3])


def _cells(row: Compared) -> tuple[str, ...]:
    if row.relation is Relation.DIFFERS:
        return row.flag, row.yours or "", row.plans or "", row.decided
    both = row.relation is Relation.SAME and row.plans
    return row.flag, both or (row.yours if row.yours is not None else row.plans) or "", row.decided


def _markdown(role: Role, found: Sequence[Compared]) -> Iterator[str]:
    yield f"### {_headline(role, found)}\n"
    rows = [
        [code(row.flag), str(row.relation), _value(row.yours), _value(row.plans), code(row.decided)] for row in found
    ]
    yield markdown_table([HEAD[0], "", *HEAD[1:]], rows) + "\n"


def _value(value: str | None) -> str:
    return "" if value is None else code(value or "set")
