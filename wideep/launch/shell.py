"""Splitting of untrusted text into commands and words, as a POSIX shell would. Nothing is run or expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

__all__ = ["UncutError", "cut"]

_PARTS: Final = re.compile(
    r"""
      (?P<joined> \\\r?\n)
    | (?P<end> [;|()\n] | &(?!>))
    | (?P<into> (?:\d+(?=[<>]))? (?: &?>{1,2}[&|]? | <{1,3}[&-]? ) (?!\() )
    | (?P<blank> [^\S\n]+)
    | (?P<raw> \$\{[^}\n]{0,200}\} )
    | (?P<run> [$<>]\( | ` )
    | '(?P<quoted> [^']*)'
    | "(?P<soft> (?:[^"\\]|\\.)*)"
    | \\(?P<escaped> .)
    | (?P<plain> [^\s'"\\`$;&|()<>]+ | \$ | & )
    """,
    re.VERBOSE | re.DOTALL,
)
_BETWEEN: Final = ("blank", "end", "into")
_IN_SOFT: Final = re.compile(r'\\([$`"\\]|\n)')
_INSIDE: Final = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[()]""", re.DOTALL)
_FENCE: Final = re.compile(r"^[^\S\n]*```.*$", re.MULTILINE)
"""The fence lines around a code block in Markdown."""
_COMMENT: Final = re.compile(r"\#[^\n]*")


class UncutError(ValueError):
    """Raised for a quote or a substitution that is not closed."""


def cut(text: str) -> Iterator[list[str]]:
    """Yield the words of each command, or of an array, ``NAME=(…)``. The files of redirections are not included.

    Raises UncutError.
    """
    words: list[str] = []
    word: list[str] = []
    directed = array = False
    for kind, said in chain(_parts(_FENCE.sub("", text)), [("end", "")]):
        if kind == "word":
            word.append(said)
            continue
        if kind == "end" and said == "(" and word and word[-1].endswith("="):
            array, word = True, []
            continue
        if word and not directed:
            words.append("".join(word))
        directed = kind == "into" or (directed and not word and kind == "blank")
        word = []
        array = array and said != ")"
        if kind == "end" and words and not array:
            yield words
            words = []


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield each part of the text with its kind: ``word``, or the kind of separator."""
    at, kind = 0, "blank"
    while at < len(text):
        comment = _COMMENT.match(text, at) if kind != "word" else None
        found = comment or _PARTS.match(text, at)
        if found is None:
            raise UncutError("No escaped character" if text[at] == "\\" else "No closing quotation")
        start, at, name = at, found.end(), found.lastgroup or ""
        if comment or name == "joined":
            continue
        if name == "run":
            at = _substituted(text, start)
        kind = name if name in _BETWEEN else "word"
        yield kind, text[start:at] if name == "run" else _text(found)


def _text(found: re.Match[str]) -> str:
    """Return the text of a part of a word, without quotes and escapes."""
    said = found[found.lastgroup or 0]
    return _IN_SOFT.sub(lambda each: each[1].strip("\n"), said) if found.lastgroup == "soft" else said


def _substituted(text: str, start: int) -> int:
    """Return the end of a substitution that begins at ``start``: ``$(…)``, ``<(…)`` or one between backticks."""
    if text[start] == "`":
        end = text.find("`", start + 1)
        if end < 0:
            raise UncutError("No closing backtick")
        return end + 1
    depth = 0
    for each in _INSIDE.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(each[0], 0)
        if depth == 0 and each[0] == ")":
            return each.end()
    raise UncutError("No closing bracket of a substitution")
