"""``extraArgs`` as the engine's own parser reads them: argparse with the table of its flags.

So abbreviations, ``--flag=value``, aliases and the number of values are argparse's rules, not imitations of them.
"""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from wideep.backends.sglang_flags import FLAGS, EngineFlag

__all__ = ["Given", "given_flags", "read_extra_args"]

_NUMBER: Final = re.compile(r"-(\d+|\d*\.\d+)")
"""What argparse takes for a value, though it begins with a dash."""
_NO_FLAG: Final = "the engine's parser refuses a value that no flag before it takes"


@dataclass(frozen=True)
class Given:
    """One flag of ``extraArgs`` with its values."""

    words: tuple[str, ...]
    """As they are written."""
    flag: EngineFlag | None
    """None: the table has no such flag."""
    wrong: str | None = None
    """Why the engine's parser would refuse it."""


def read_extra_args(words: Sequence[str]) -> Iterator[Given]:
    """Each flag of ``extraArgs`` with the values that belong to it."""
    for group in _groups(words):
        yield _read(group)


def given_flags(words: Sequence[str]) -> frozenset[str]:
    """The flags that are given, by the engine's own names."""
    return frozenset(given.flag.names[0] for given in read_extra_args(words) if given.flag)


def _groups(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Words from one flag up to the next; values before the first flag are a group of their own."""
    group: list[str] = []
    for word in words:
        if _is_flag(word) and group:
            yield tuple(group)
            group = []
        group.append(word)
    if group:
        yield tuple(group)


def _is_flag(word: str) -> bool:
    return word.startswith("-") and word != "-" and _NUMBER.fullmatch(word) is None


def _read(group: tuple[str, ...]) -> Given:
    if not _is_flag(group[0]):
        return Given(group, None, _NO_FLAG)
    if group[0] == "--":
        return Given(group, None, "the engine's parser takes no values after --")
    found = argparse.Namespace(flag=None)
    try:
        _, rest = _parser().parse_known_args(group, found)
    except _RefusedError as refused:
        return Given(group, _likely(group[0]), str(refused))
    flag: EngineFlag | None = found.flag
    if flag is None:
        meant = _likely(group[0])
        return Given(group, meant, meant and f"the engine's parser knows it as {meant.names[0]} only")
    return Given(group, flag, _NO_FLAG if rest else None)


def _likely(word: str) -> EngineFlag | None:
    """The flag that is meant by a word which is none: with underscores, one dash, upper case, or a wrong value."""
    name = word.split("=", 1)[0]
    plain = f"--{name.lstrip('-').lower().replace('_', '-')}"
    exact = [flag for flag in FLAGS if plain in flag.names]
    begun = [flag for flag in FLAGS if any(each.startswith(plain) for each in flag.names)]
    return exact[0] if exact else begun[0] if len(begun) == 1 else None


class _RefusedError(Exception):
    """The parser's own words."""


class _Parser(argparse.ArgumentParser):
    """Raises in place of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise _RefusedError(message)


class _Note(argparse.Action):
    """Notes which flag was read; values are checked by then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, values, option_string
        namespace.flag = _by_name()[self.option_strings[0]]


@functools.cache
def _parser() -> _Parser:
    parser = _Parser(add_help=False)
    for flag in FLAGS:
        _add(parser, flag)
    return parser


def _add(parser: _Parser, flag: EngineFlag) -> None:
    names: Iterable[str] = flag.names
    if flag.value is None:
        parser.add_argument(*names, action=_Note, nargs=0)
    else:
        parser.add_argument(*names, action=_Note, nargs=flag.nargs, type=flag.value)


@functools.cache
def _by_name() -> dict[str, EngineFlag]:
    return {name: flag for flag in FLAGS for name in flag.names}
