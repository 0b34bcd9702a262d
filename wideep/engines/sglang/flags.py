"""Every flag that a worker's command takes in one version: SGLang's own and Dynamo's, which share one line.

Names and sorts of values are those of SGLang's parser (``parser.txt``) and of Dynamo's (``dynamo.txt``), for the
release of Dynamo that pairs with that SGLang; whose word each flag is, ``owners`` says.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from wideep.engines.flags import UNCHECKED, EngineFlag, FlagTable, Gone
from wideep.engines.sglang.owners import INSTEAD, OWNERS, reasons_of
from wideep.engines.sglang.parser import VERSIONS, ParserFlag, is_from, parser_flags

__all__ = ["flag_table"]

_PLACES: Final = {name: place for place, name in enumerate(OWNERS)}


@functools.cache
def flag_table(version: str) -> FlagTable:
    """The flags of one version. ValueError: a version that is not known here."""
    flags = sorted((_engine_flag(each) for each in parser_flags(version)), key=_place)
    names = {name: flag for flag in flags for name in flag.names}
    instead = {old: new for old in INSTEAD if (new := _renamed(old, names))}
    return FlagTable(
        flags=tuple(flags),
        reasons=reasons_of(f"SGLang {version}", reads_files=is_from(version, 0, 5, 4)),
        others=_others(version, frozenset(names), instead),
    )


def _engine_flag(flag: ParserFlag) -> EngineFlag:
    owner = next((OWNERS[name] for name in flag.names if name in OWNERS), UNCHECKED)
    return EngineFlag.of(flag.names, flag.sort, owner, flag.deprecated)


def _place(flag: EngineFlag) -> int:
    return min((_PLACES[name] for name in flag.names if name in _PLACES), default=len(_PLACES))


def _others(version: str, names: frozenset[str], instead: Mapping[str, str]) -> Mapping[str, Gone]:
    """Flags that only other versions take, by each spelling: the nearest version that does, and what to write."""
    at = next(place for place, each in enumerate(VERSIONS) if each.split(".")[:3] == version.split(".")[:3])
    found: dict[str, Gone] = {}
    for other in (*reversed(VERSIONS[:at]), *VERSIONS[at + 1 :]):
        older = VERSIONS.index(other) < at
        said = f"SGLang {version} has no such flag: {other} is the {'last' if older else 'first'} that has"
        for flag in parser_flags(other):
            for name in flag.names:
                if name not in names and name not in found:
                    found[name] = Gone(_engine_flag(flag), said, instead.get(name))
    return found


def _renamed(name: str, names: Mapping[str, EngineFlag]) -> str | None:
    """What a flag became, followed to one that the version has."""
    new = INSTEAD.get(name)
    while new and new.split()[0] not in names:
        new = INSTEAD.get(new)
    return new
