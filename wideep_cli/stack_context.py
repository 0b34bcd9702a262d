"""Settings and Plan of the stack that ``--stack`` or ``--file`` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wideep.errors import ConfigError, Problem
from wideep.named_file import read_named
from wideep_cli.errors import CallError
from wideep_cli.stack_file import StackFile, find_project, read_stack_file, stack_path

if TYPE_CHECKING:
    from wideep.plan import Plan
    from wideep.settings import Settings

    S = TypeVar("S", bound=Settings)
    Reader = Callable[[Mapping[str, object], Callable[[str], str]], S]

__all__ = ["StackContext", "load", "settings_of", "stack_file"]

UNSET_WARNING = (
    "hfToken is not set, so `pulumi up` will reject this stack: "
    "pulumi config set --secret hfToken hf_…, or hfTokenSecret: the name of a Secret with key HF_TOKEN, or, for a "
    "model that anyone may download, modelCache.anonymous: true"
)
CLEAR_WARNING = (
    "hfToken is in clear text in the file, so `pulumi up` will reject this stack. The token is exposed: revoke it, "
    "then pulumi config set --secret hfToken hf_…"
)


@dataclass(frozen=True)
class StackContext:
    """A stack's settings and the Plan that follows from them."""

    settings: Settings
    plan: Plan
    warnings: tuple[str, ...]
    """Warnings of the Plan, and those about the file itself."""


def stack_file(stack: str | None, file: Path | None) -> StackFile:
    """Return the stack file that the options name; without options, that of the selected stack.

    Raises:
        CallError: both options are given, or the stack or file does not exist.
    """
    if stack and file:
        raise CallError("--stack and --file both name a stack.", "Give one of them.")
    if file:
        return read_stack_file(file)
    from wideep_cli.selected_stack import selected_stack

    project = find_project(Path.cwd())
    return read_stack_file(stack_path(project, stack or selected_stack(project)), project)


def load(source: StackFile) -> StackContext:
    """Return Settings and Plan of a stack. A missing token is a warning only, because nothing here needs it.

    Raises:
        ConfigError: the config breaks a rule; a missing token is then a note on the error.
    """
    from wideep.plan import make_plan
    from wideep.rules import accept

    settings, missing = _settings(source, accept)
    plan = make_plan(settings)
    warnings = [UNSET_WARNING] if missing else []
    if isinstance(source.config.get("hfToken"), str):
        warnings.append(CLEAR_WARNING)
    return StackContext(settings, plan, (*warnings, *plan.warnings))


def settings_of(source: StackFile) -> Settings:
    """Return the Settings of a stack, whether or not its token is set.

    Raises:
        ConfigError: the config does not match the schema.
    """
    from wideep.settings import parse

    return _settings(source, parse)[0]


def _settings(source: StackFile, reader: Reader[S]) -> tuple[S, tuple[Problem, ...]]:
    """Return the Settings and, if the token is missing, that problem, which matters to `pulumi up` alone.

    Raises:
        ConfigError: the config has any other problem.
    """
    from wideep.settings.root import HfToken
    from wideep.settings.texts import json_texts

    read_text, texts = _reader(source.path.resolve().parent), json_texts(source.config)
    try:
        return _unless(texts, reader(source.config, read_text)), ()
    except ConfigError as error:
        missing = tuple(problem for problem in error.problems if problem.key == "hfToken" and not problem.value)
        others = [problem for problem in dict.fromkeys((*texts, *error.problems)) if problem not in missing]
        if others:
            mistakes = ConfigError(others)
            for _ in missing:
                mistakes.add_note(UNSET_WARNING)
            raise mistakes from None
        return reader({**source.config, "hfToken": HfToken.SET}, read_text), missing


def _unless(problems: Sequence[Problem], settings: S) -> S:
    """Return the settings, or raise ConfigError if there are problems although the settings could be read."""
    if problems:
        raise ConfigError(list(problems))
    return settings


def _reader(folder: Path) -> Callable[[str], str]:
    """Return a function that reads a file which the config names relative to the stack file."""

    def read_text(name: str) -> str:
        return read_named(folder / name)

    return read_text
