"""A text as a POSIX shell would cut it into commands. It is foreign: nothing in it is run, and no file is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from wideep.engines import known_launches
from wideep.errors import WideepError

__all__ = ["UnreadCommandError", "assignments", "commands_of"]

MOST_CHARACTERS: Final = 200_000
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^{}$]*))?\})")
_REDIRECTION: Final = re.compile(r"(?<=\s)(?:\d|&)?>{1,2}\s*(?:&\d|[^\s'\"]+)")
_ENDS: Final = ";&|()<>\n"
"""A shell ends a command at each of these, or takes the next word for a file."""
_OPENS: Final = ("if", "case", "for", "while", "until")
_CLOSES: Final = ("fi", "esac", "done")
_DECLARES: Final = ("export", "readonly", "local", "declare")


class UnreadCommandError(WideepError):
    """A text that holds no launch command, or not one that can be cut into words."""


def commands_of(text: str, env: Mapping[str, str]) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The words of each command and the environment it has. ``env``: what is set before.

    A variable is replaced where the text itself sets it, and not under a condition.

    Raises UnreadCommandError where a quote is not closed.
    """
    known, exported, depth = dict(env), dict(env), 0
    for raw in _cut(text):
        words = [_expanded(word, known) for word in raw]
        depth += (words[0] in _OPENS) - (words[0] in _CLOSES)
        said = assignments(words)
        declares = words[0] in _DECLARES
        if said and (declares or len(said) == len(words)):
            plain = {name: value for name, value in said.items() if depth <= 0 and "$" not in value}
            known = {name: value for name, value in {**known, **plain}.items() if name in plain or name not in said}
            exported |= said if words[0] == "export" else {}
        elif not declares:
            yield words, exported


def assignments(words: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE``, also after ``-e`` or ``--env=`` of a container's command."""
    plain = (word.removeprefix("--env=").removeprefix("-e=") for word in words)
    return {found[1]: found[2] for word in plain if (found := _ASSIGNMENT.fullmatch(word))}


def _expanded(word: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2]) or found[3] or found[0], word)


def _cut(text: str) -> Iterator[list[str]]:
    """The words of each command; an array, ``NAME=(…)``, is one, and what a shell computes is ``$(…)``."""
    words: list[str] = []
    depth, array = 0, False
    for token in _tokens(text):
        ends = bool(token) and set(token) <= set(_ENDS)
        if ends and not depth and token[0] == "(" and words and words[-1].endswith(("$", "=")):
            array = words[-1].endswith("=")
            words[-1:] = [] if array else [f"{words[-1]}(…)"]
        if not ends:
            if not depth or array:
                words.append(token)
            continue
        for mark in token:
            inside = depth > 0
            depth = max(0, depth + (mark == "(") - (mark == ")"))
            if words and not inside and not depth:
                yield words
                words = []
    if words:
        yield words


def _tokens(text: str) -> list[str]:
    """Words and the marks between them. Prose around a command may have an apostrophe: then line by line."""
    if len(text) > MOST_CHARACTERS:
        raise UnreadCommandError(f"The text has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read.")
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if not line.lstrip().startswith("#")]
    try:
        return _lexed("\n".join(lines))
    except ValueError as error:
        programs = [name for each in known_launches() for name in (*each.modules, f"{each.program} serve")]
        cut: list[str] = []
        for line in lines:
            try:
                cut += [*_lexed(line), "\n"]
            except ValueError:
                if any(name in line for name in programs):
                    raise UnreadCommandError(f"The command cannot be cut into words: {error}.") from error
        return cut


def _lexed(text: str) -> list[str]:
    lexer = shlex.shlex(_REDIRECTION.sub("", text), posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    return list(lexer)
