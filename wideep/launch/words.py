"""From a text to the launch commands in it. The text is foreign: it is cut into words, and nothing in it is run."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wideep.engines import launches
from wideep.engines.launches import Launch
from wideep.errors import WideepError
from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["LaunchCommand", "UnreadCommandError", "launch_commands"]

MOST_CHARACTERS: Final = 200_000
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_REDIRECTION: Final = re.compile(r"(?<=\s)(?:\d|&)?>{1,2}\s*(?:&\d|[^\s'\"]+)")
_ENDS: Final = ";&|()<>\n"
"""A shell ends a command at each of these, or takes the next word for a file."""


class UnreadCommandError(WideepError):
    """A text that holds no launch command, or not one that can be cut into words."""


@dataclass(frozen=True)
class LaunchCommand:
    """One command that starts an engine."""

    backend: Backend
    words: tuple[str, ...]
    """After the program: flags and their values."""
    env: dict[str, str]
    """Variables that the text sets for it."""
    model: str | None
    """A model that stands without a flag (``vllm serve MODEL``)."""
    role: Role | None
    """As its flags say. None: it serves both."""


def launch_commands(text: str) -> tuple[LaunchCommand, ...]:
    """Return every launch command of a text: a line, or a script with continued lines, comments and exports.

    Raises UnreadCommandError where there is none, or where a quote is not closed.
    """
    exported: dict[str, str] = {}
    found: list[LaunchCommand] = []
    for words in _commands(text):
        if words[0] == "export":
            exported |= _assignments(words)
            continue
        start = _start(words)
        if start:
            found.append(_command(words, *start, exported))
    if not found:
        known = [f"{each.program} serve, python3 -m {', '.join(each.modules)}" for each in launches()]
        raise UnreadCommandError(f"No launch command in the text. It starts with one of: {', '.join(known)}.")
    return tuple(found)


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command, as a POSIX shell would cut them; variables and globs stay as they are."""
    if len(text) > MOST_CHARACTERS:
        raise UnreadCommandError(f"The text has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read.")
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
    lines = (line for line in joined.splitlines() if not line.lstrip().startswith("#"))
    lexer = shlex.shlex(_REDIRECTION.sub("", "\n".join(lines)), posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    words: list[str] = []
    try:
        for word in lexer:
            if word and set(word) <= set(_ENDS):
                if words:
                    yield words
                words = []
            else:
                words.append(word)
    except ValueError as error:
        raise UnreadCommandError(f"The command cannot be cut into words: {error}.") from error
    if words:
        yield words


def _start(words: Sequence[str]) -> tuple[int, Launch] | None:
    """Where the program is named, in two words, and whose it is."""
    for at, (word, following) in enumerate(itertools.pairwise(words)):
        for launch in launches():
            by_module = word == "-m" and following in launch.modules
            if by_module or (word.rpartition("/")[2], following) == (launch.program, "serve"):
                return at, launch
    return None


def _command(words: Sequence[str], at: int, launch: Launch, exported: dict[str, str]) -> LaunchCommand:
    rest = list(words[at + 2 :])
    model = rest.pop(0) if rest and not rest[0].startswith("-") else None
    env = {**exported, **_assignments(words[:at])}
    return LaunchCommand(launch.backend, tuple(rest), env, model, launch.role(words[at:]))


def _assignments(words: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE``, also after ``-e`` or ``--env=`` of a container's command."""
    plain = (word.removeprefix("--env=").removeprefix("-e=") for word in words)
    return {found[1]: found[2] for word in plain if (found := _ASSIGNMENT.fullmatch(word))}
