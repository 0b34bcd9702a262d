"""The table of an engine's flags, and the parsing of ``extraArgs`` with argparse and that table, as the engine does it.

Abbreviations, ``--flag=value``, aliases and the number of values therefore follow argparse's own rules. The owner of a
flag, the first column of the table, decides what happens to the flag in ``extraArgs``:

- the name of a key of ``layout.ROLE``: the key sets the flag, or the plan's computation depends on its effect;
- ``unchecked``: passed on with a warning, since the plan neither checks nor accounts for its effect;
- ``passes``: passed on;
- any other word: refused, for the reason that the table gives for that word.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, NoReturn

__all__ = ["PASSES", "UNCHECKED", "EngineFlag", "FlagTable", "Given", "Reason", "two_items", "values_of"]

PASSES: Final = "passes"
UNCHECKED: Final = "unchecked"

_NUMBER: Final = re.compile(r"-(\d+|\d*\.\d+)")
"""Matches what argparse takes for a value although it begins with a dash."""
_NO_FLAG: Final = "the engine's parser refuses a value that no flag before it takes"
_ONE_WORD: Final = "the engine's parser takes a flag and its value as two arguments, and this is one with a blank in it"
_CANDIDATES: Final = 4
"""How many of the flags that an abbreviation may stand for are named in a message."""


_TYPES: Final[Mapping[str, type[int] | type[float] | type[str] | None]] = MappingProxyType(
    {"-": None, "int": int, "float": float, "str": str}
)


@dataclass(frozen=True)
class EngineFlag:
    """One flag of the engine."""

    names: tuple[str, ...]
    """All full spellings, the engine's own first."""
    value: type[int] | type[float] | type[str] | None
    """Type of the value. None: the flag takes no value."""
    nargs: str | None
    """Number of values, as argparse's ``nargs``; None means one."""
    owner: str
    deprecated: bool = False
    """The parser accepts the flag with a warning."""

    @classmethod
    def of(cls, names: tuple[str, ...], sort: str, owner: str, deprecated: bool = False) -> EngineFlag:
        """Return a flag whose kind of value is written as ``-``, ``int``, ``float*`` and the like."""
        kind = sort.rstrip("?*+")
        return cls(names, _TYPES[kind], sort.removeprefix(kind) or None, owner, deprecated)


@dataclass(frozen=True)
class Reason:
    """Why a flag is refused although no key of the role sets it, and the fix."""

    rule: str
    fix: str


@dataclass(frozen=True)
class Gone:
    """A flag that only other versions of the engine accept."""

    flag: EngineFlag
    rule: str
    instead: str | None
    """What replaces the flag in this version. None: no replacement is known."""


@dataclass(frozen=True)
class Given:
    """One flag in ``extraArgs`` with its values."""

    words: tuple[str, ...]
    """The flag and its values as written."""
    flag: EngineFlag | None
    """The flag's row of the table. None: the table has no such flag."""
    wrong: str | None = None
    """Why the engine's parser would refuse the flag; None if it would not."""
    gone: Gone | None = None
    """Set if only other versions accept the flag."""
    repaired: str = ""
    """What to write instead, if that is known."""

    @property
    def values(self) -> tuple[str, ...]:
        """The values as text."""
        return values_of(self.words)


def values_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values in a flag's words, the first of which may contain one after ``=``."""
    _, equals, first = words[0].partition("=")
    return ((first,) if equals else ()) + words[1:]


class FlagTable:
    """Every flag that an engine's parser accepts, in the order in which messages list them.

    ``reasons`` are those of owners that are not keys; ``others`` returns the flags that only other versions accept. It
    is called only when a flag is read, so that a stack without ``extraArgs`` does not load other versions' tables.
    """

    def __init__(
        self,
        flags: tuple[EngineFlag, ...],
        reasons: Mapping[str, Reason],
        others: Callable[[], Mapping[str, Gone]] = dict[str, Gone],
    ) -> None:
        self.flags = flags
        self.reasons = reasons
        self._others = others

    @cached_property
    def others(self) -> Mapping[str, Gone]:
        """Flags that only other versions accept, by each spelling."""
        return self._others()

    @cached_property
    def names(self) -> frozenset[str]:
        """All full spellings of all flags."""
        return frozenset(name for flag in self.flags for name in flag.names)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Owners that are keys of ``layout.ROLE``."""
        words = {PASSES, UNCHECKED, *self.reasons}
        every = (*self.flags, *(gone.flag for gone in self.others.values()))
        return frozenset(flag.owner for flag in every) - words

    def read(self, words: Sequence[str]) -> Iterator[Given]:
        """Yield each flag of ``extraArgs`` with its values."""
        for group in _groups(words):
            yield self._in_one_word(group) or self._read(group)

    def meant(self, given: Given) -> EngineFlag | None:
        """Return the flag that is given; a subclass may return the flag that has the same effect as an object."""
        return given.flag

    def given(self, words: Sequence[str]) -> frozenset[str]:
        """Return the engine's own names of the flags in ``words``."""
        return frozenset(given.flag.names[0] for given in self.read(words) if given.flag)

    def flag_of(self, key: str) -> str | None:
        """Return the first flag that a key owns, preferring flags that are not deprecated; None if it owns none."""
        owned = [flag for flag in self.flags if flag.owner == key]
        return next((flag.names[0] for flag in sorted(owned, key=lambda flag: flag.deprecated)), None)

    def _in_one_word(self, group: tuple[str, ...]) -> Given | None:
        """Return a flag whose value is in the same item of the list, after a blank; None for any other group."""
        name, *value = group[0].split(maxsplit=1) or [""]
        if not (_is_flag(name) and value) or "=" in name:
            return None
        return Given(group, self._likely(name), _ONE_WORD, repaired=two_items(name, value[0]))

    def _read(self, group: tuple[str, ...]) -> Given:
        if not _is_flag(group[0]) or group[0] == "--":
            return Given(group, None, "the engine's parser takes no values after --" if group[0] == "--" else _NO_FLAG)
        gone = self.others.get(group[0].split("=", 1)[0])
        if gone:
            return Given(group, gone.flag, gone.rule, gone)
        found = argparse.Namespace(option=None)
        try:
            _, rest = self._parser.parse_known_args(group, found)
        except _RefusedError as refused:
            return Given(group, self._likely(group[0]), _shortened(str(refused)))
        option: str | None = found.option
        if option is None:
            meant = self._likely(group[0])
            return Given(group, meant, meant and f"the engine's parser knows it as {meant.names[0]} only")
        flag = next(flag for flag in self.flags if option in flag.names)
        return Given(group, flag, _NO_FLAG if rest else None)

    def _likely(self, word: str) -> EngineFlag | None:
        """Return the flag that was probably meant: with underscores, one dash, upper case, or a wrong value."""
        name = word.split("=", 1)[0]
        plain = f"--{name.lstrip('-').lower().replace('_', '-')}"
        exact = [flag for flag in self.flags if plain in flag.names]
        begun = [flag for flag in self.flags if any(each.startswith(plain) for each in flag.names)]
        return exact[0] if exact else begun[0] if len(begun) == 1 else None

    @cached_property
    def _parser(self) -> _Parser:
        parser = _Parser(add_help=False)
        for flag in self.flags:
            if flag.value is None:
                parser.add_argument(*flag.names, action=_Note, nargs=0)
            else:
                parser.add_argument(*flag.names, action=_Note, nargs=flag.nargs, type=flag.value)
        return parser


def two_items(flag: str, value: str) -> str:
    """Return the advice to write a flag and its value as separate items."""
    return f"write {flag} and {value} as two items of the list"


def _shortened(refusal: str) -> str:
    """Return the parser's message with only the first candidates for an abbreviation, and how many more there are."""
    said, match, named = refusal.partition(" could match ")
    candidates = named.split(", ")
    more = f" and {len(candidates) - _CANDIDATES} more" if len(candidates) > _CANDIDATES else ""
    return f"{said}{match}{', '.join(candidates[:_CANDIDATES])}{more}"


def _groups(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the words from each flag up to the next; values before the first flag form a group of their own."""
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


class _RefusedError(Exception):
    """Raised with the parser's error message."""


class _Parser(argparse.ArgumentParser):
    """A parser that raises an error instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise _RefusedError(message)


class _Note(argparse.Action):
    """An action that records which flag was read; argparse has checked the values before it runs."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, values, option_string
        namespace.option = self.option_strings[0]
