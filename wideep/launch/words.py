"""Extraction of launch commands from a text. The text is untrusted: it is split into words, and nothing is run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from wideep.engines import known_launches
from wideep.engines.launches import Launch
from wideep.errors import WideepError
from wideep.launch.containers import containers_of
from wideep.launch.shell import UncutError, cut
from wideep.masking import masked
from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["MOST_CHARACTERS", "LaunchCommand", "UnreadCommandError", "launch_commands"]

MOST_CHARACTERS: Final = 200_000
MOST_FLAGS: Final = 1000
"""Limit per command; SGLang has about 600 flags."""
MOST_NESTED: Final = 3
"""Limit of shells within a command: ``ssh HOST "docker exec NAME bash -c '…'"``."""
_ASSIGNMENT: Final = re.compile(r"(?:--env=|-e=?)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^{}$]*))?\})")
_JOINED: Final = re.compile(r"\\\r?\n")
_OPENS: Final = ("if", "case", "for", "while", "until")
_CLOSES: Final = ("fi", "esac", "done")
_DECLARES: Final = ("export", "readonly", "local", "declare")
_TYPESET: Final = ("Pd", "Pi", "Pf")
"""Unicode categories of dashes and of opening and closing quotes."""


class UnreadCommandError(WideepError):
    """Raised for a text without a launch command, or with one that cannot be split into words."""


@dataclass(frozen=True)
class LaunchCommand:
    """One command that starts an engine."""

    backend: Backend
    words: tuple[str, ...]
    """The words after the program: flags and their values."""
    env: dict[str, str]
    """Variables that the text sets for the command."""
    model: str | None
    """A model given without a flag (``vllm serve MODEL``)."""
    role: Role | None
    """The role according to the command's flags. None: the command serves both."""


def launch_commands(text: str, documents: Iterable[object] = ()) -> tuple[LaunchCommand, ...]:
    """Return every launch command of a text: a line, or a script with continued lines, comments and exports.

    ``documents`` is the same text parsed as YAML; containers found in it take precedence over the text as a script.

    Raises UnreadCommandError if there is no command, or if a quote is not closed.
    """
    if len(text) > MOST_CHARACTERS:
        raise UnreadCommandError(f"The text has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read.")
    try:
        found = tuple(_of_containers(documents)) or tuple(_commands(_readable(text), {}, MOST_NESTED, _Room()))
    except UncutError as error:
        raise UnreadCommandError(f"The command cannot be cut into words: {error}.") from error
    if not found:
        known = [f"{each.program} serve, python3 -m {', '.join(each.modules)}" for each in known_launches()]
        raise UnreadCommandError(f"No launch command in the text. It starts with one of: {', '.join(known)}.")
    for command in found:
        _require_plain(command)
    return found


def _of_containers(documents: Iterable[object]) -> Iterator[LaunchCommand]:
    """Yield the commands of a manifest. The roles in its names count only if both occur: a container that serves both
    roles may have any name."""
    found = [
        (command, container.role)
        for container in containers_of(documents)
        for command in _started(container.words, container.env, MOST_NESTED, _Room())
    ]
    both = {command.role or role for command, role in found} >= set(Role)
    for command, role in found:
        yield replace(command, role=command.role or role) if both else command


def _readable(text: str) -> str:
    """Return the text without lines that cannot be split, since prose around a command may contain an apostrophe.

    Raises UncutError for such a line if it names a program.
    """
    try:
        list(cut(text))
    except UncutError:
        return "\n".join(filter(_cuts, _JOINED.sub(" ", text).splitlines()))
    return text


def _cuts(line: str) -> bool:
    try:
        return bool(list(cut(line)))
    except UncutError:
        if any(name in line for each in known_launches() for name in (*each.modules, f"{each.program} serve")):
            raise
        return False


@dataclass
class _Room:
    """How many more characters the expansion of variables may add, since a short text can expand to any length."""

    left: int = MOST_CHARACTERS


def _commands(text: str, env: Mapping[str, str], nested: int, room: _Room) -> Iterator[LaunchCommand]:
    """Yield the launch commands of a text, including those passed to another shell: ``bash -c '…'``, ``ssh HOST '…'``.

    A variable is expanded if the text itself sets it outside of a condition or loop.
    """
    known, exported, depth, started = dict(env), dict(env), 0, False
    for raw in cut(text):
        words = [each for word in raw for each in _expanded(word, known, room)]
        depth += (words[0] in _OPENS) - (words[0] in _CLOSES)
        said, declares = _assignments(words), words[0] in _DECLARES
        if said and (declares or len(said) == len(words)):
            plain = {name: value for name, value in said.items() if depth <= 0 and "$" not in value}
            for name in said:
                known.pop(name, None)
            known |= plain
            exported |= said if words[0] == "export" else {}
        elif started and words[0].startswith("--"):
            raise UnreadCommandError(
                f"{masked(words[0])} begins a line, and no command: end the line before it with a backslash, without a "
                "blank or a comment after it."
            )
        elif not declares:
            for command in _started(words, exported, nested, room):
                started = True
                yield command


def _expanded(word: str, known: Mapping[str, str], room: _Room) -> list[str]:
    """Return the word with its variables expanded; several words if it is a single variable that holds flags.

    Raises UnreadCommandError if the expansion is too long.
    """

    def value(found: re.Match[str]) -> str:
        return known.get(found[1] or found[2]) or found[3] or found[0]

    whole = _VARIABLE.fullmatch(word)
    room.left -= sum(len(value(found)) for found in _VARIABLE.finditer(word))
    if room.left < 0:
        raise UnreadCommandError(
            f"With its variables, the text has more than {MOST_CHARACTERS:,} characters, and no more are read."
        )
    if whole and value(whole).startswith("-"):
        with suppress(UncutError):
            return [each for words in cut(value(whole)) for each in words]
    return [_VARIABLE.sub(value, word)]


def _started(words: Sequence[str], exported: Mapping[str, str], nested: int, room: _Room) -> Iterator[LaunchCommand]:
    """Yield the launch commands in a command's words: itself, those in quoted texts, or that of an image."""
    start = _program(words)
    if start is None and nested:
        env, within = {**exported, **_assignments(words)}, False
        for text in (word for word in words if len(word.split(maxsplit=1)) > 1):
            with suppress(UncutError):
                for command in _commands(text, env, nested - 1, room):
                    within = True
                    yield command
        start = None if within else _image(words)
    if start:
        yield _command(words, *start, exported)


def _program(words: Sequence[str]) -> tuple[int, int, Launch] | None:
    """Return the index of the program, the index of its first own word, and its launch; None if there is no program."""
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        for launch in known_launches():
            if word.startswith("-m") and word[2:] in launch.modules:
                return at, at + 1, launch
            if (word == "-m" and following in launch.modules) or (
                (word.rpartition("/")[2], following) == (launch.program, "serve")
            ):
                return at, at + 2, launch
    return None


def _image(words: Sequence[str]) -> tuple[int, int, Launch] | None:
    """Return the same for a container image that is run and whose entry point is the program."""
    named = ((at, launch) for at, word in enumerate(words) for launch in known_launches() if launch.starts(word))
    return next(
        ((at, at + 1, launch) for at, launch in named if (at == 0 or "run" in words[:at]) and words[at + 1 :]), None
    )


def _command(words: Sequence[str], at: int, own: int, launch: Launch, exported: Mapping[str, str]) -> LaunchCommand:
    rest = list(words[own:])
    model = rest.pop(0) if rest and not rest[0].startswith("-") else None
    env = {**exported, **_assignments(words[:at])}
    return LaunchCommand(launch.backend, tuple(rest), env, model, launch.role(words[at:]))


def _require_plain(command: LaunchCommand) -> None:
    """Refuse typographic dashes and quotes, which word processors and chats insert, and too many flags."""
    words = [*([command.model] if command.model else []), *command.words]
    typeset = next((word for word in words if unicodedata.category(word[:1] or "a") in _TYPESET and word[0] != "-"), "")
    if typeset:
        raise UnreadCommandError(
            f"{masked(typeset)} begins with {unicodedata.name(typeset[0])}, which the engine takes for a letter. "
            "Type the dashes and quotes of the command anew."
        )
    flags = sum(word.startswith("-") for word in words)
    if flags > MOST_FLAGS:
        raise UnreadCommandError(f"The command has {flags:,} flags, and at most {MOST_FLAGS:,} are read.")


def _assignments(words: Sequence[str]) -> dict[str, str]:
    """Return the variables of ``NAME=VALUE`` words, which may follow a container command's ``-e`` or ``--env=``."""
    return {found[1]: found[2] for word in words if (found := _ASSIGNMENT.fullmatch(word))}
