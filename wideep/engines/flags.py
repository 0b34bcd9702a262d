"""The flags of an engine as a table, and ``extraArgs`` as the engine's own parser reads them: argparse with that table.

So abbreviations, ``--flag=value``, aliases and the number of values are argparse's rules, not imitations of them.
What becomes of a flag in ``extraArgs`` is its owner's word in the table's first column:

- the name of a key of ``layout.ROLE``: the key sets the flag, or the plan computes with what it does;
- ``unchecked``: passed on with a warning, since the plan neither checks nor counts what it does;
- ``passes``: passed on;
- any other word: refused, for the reason that the table has under it.
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
"""What argparse takes for a value, though it begins with a dash."""
_NO_FLAG: Final = "the engine's parser refuses a value that no flag before it takes"
_ONE_WORD: Final = "the engine's parser takes a flag and its value as two arguments, and this is one with a blank in it"
_CANDIDATES: Final = 4
"""Of flags that an abbreviation may mean, as many as are worth naming."""


_TYPES: Final[Mapping[str, type[int] | type[float] | type[str] | None]] = MappingProxyType(
    {"-": None, "int": int, "float": float, "str": str}
)


@dataclass(frozen=True)
class EngineFlag:
    """One flag of the engine."""

    names: tuple[str, ...]
    """All spellings that are no abbreviation, the engine's own first."""
    value: type[int] | type[float] | type[str] | None
    """None: it is given alone."""
    nargs: str | None
    """How many values, as argparse says it: None is one."""
    owner: str
    deprecated: bool = False
    """The parser takes it and warns."""

    @classmethod
    def of(cls, names: tuple[str, ...], sort: str, owner: str, deprecated: bool = False) -> EngineFlag:
        """A flag whose sort is written ``-``, ``int``, ``float*`` and the like."""
        kind = sort.rstrip("?*+")
        return cls(names, _TYPES[kind], sort.removeprefix(kind) or None, owner, deprecated)


@dataclass(frozen=True)
class Reason:
    """Why a flag that no key of the role sets is refused."""

    rule: str
    fix: str


@dataclass(frozen=True)
class Gone:
    """A flag that other versions of the engine take."""

    flag: EngineFlag
    rule: str
    instead: str | None
    """What it became in this version. None: nothing that is known here."""


@dataclass(frozen=True)
class Given:
    """One flag of ``extraArgs`` with its values."""

    words: tuple[str, ...]
    """As they are written."""
    flag: EngineFlag | None
    """None: the table has no such flag."""
    wrong: str | None = None
    """Why the engine's parser would refuse it."""
    gone: Gone | None = None
    """Only other versions take it."""
    repaired: str = ""
    """What to write instead, where that is known."""

    @property
    def values(self) -> tuple[str, ...]:
        """The values' texts."""
        return values_of(self.words)


def values_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a flag in its words, the first of which may hold one after ``=``."""
    _, equals, first = words[0].partition("=")
    return ((first,) if equals else ()) + words[1:]


class FlagTable:
    """Every flag that an engine's parser takes, in the order in which they are spoken of.

    ``reasons`` are those of owners that are no key; ``others`` gives the flags that only other versions take. It is
    asked when a flag is read: a stack without ``extraArgs`` needs no other version's table.
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
        """Flags that only other versions take, by each spelling."""
        return self._others()

    @cached_property
    def names(self) -> frozenset[str]:
        """All spellings that are no abbreviation."""
        return frozenset(name for flag in self.flags for name in flag.names)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Owners that are keys of ``layout.ROLE``."""
        words = {PASSES, UNCHECKED, *self.reasons}
        every = (*self.flags, *(gone.flag for gone in self.others.values()))
        return frozenset(flag.owner for flag in every) - words

    def read(self, words: Sequence[str]) -> Iterator[Given]:
        """Each flag of ``extraArgs`` with the values that belong to it."""
        for group in _groups(words):
            yield self._in_one_word(group) or self._read(group)

    def meant(self, given: Given) -> EngineFlag | None:
        """The flag that alone does what is given, where an object is given that does it with others."""
        return given.flag

    def given(self, words: Sequence[str]) -> frozenset[str]:
        """The flags that are given, by the engine's own names."""
        return frozenset(given.flag.names[0] for given in self.read(words) if given.flag)

    def flag_of(self, key: str) -> str | None:
        """What a key is called among the flags: the first that it owns, of those that are not deprecated if it can."""
        owned = [flag for flag in self.flags if flag.owner == key]
        return next((flag.names[0] for flag in sorted(owned, key=lambda flag: flag.deprecated)), None)

    def _in_one_word(self, group: tuple[str, ...]) -> Given | None:
        """A flag whose value stands in the same item of the list."""
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
        """The flag that is meant by a word which is none: with underscores, one dash, upper case, or a wrong value."""
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
    """Return how to write a flag and its value apart."""
    return f"write {flag} and {value} as two items of the list"


def _shortened(refusal: str) -> str:
    """The parser's words with the first of the flags that an abbreviation may mean, and how many more there are."""
    said, match, named = refusal.partition(" could match ")
    candidates = named.split(", ")
    more = f" and {len(candidates) - _CANDIDATES} more" if len(candidates) > _CANDIDATES else ""
    return f"{said}{match}{', '.join(candidates[:_CANDIDATES])}{more}"


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
        namespace.option = self.option_strings[0]
