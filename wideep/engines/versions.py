"""The flag table of one version of an engine, built from its parser's flags in all versions that were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from wideep.engines.flags import UNCHECKED, EngineFlag, FlagTable, Gone, Reason
from wideep.engines.parser import ParserFlag, release_number

__all__ = ["ONE_STAGE", "SHARED_REASONS", "TAKE_OUT", "FlagHistory", "owners_of"]

TAKE_OUT: Final = "remove it"
ONE_STAGE: Final = "pipeline stages are supported for prefill on SGLang only"
SHARED_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "revision": Reason(
            "the workers read a folder of the cache", f"{TAKE_OUT} and write modelCache.revision or modelCache.path"
        ),
        "remoteCode": Reason(
            "workers.trustRemoteCode sets this flag, the same for both roles",
            f"{TAKE_OUT} and set workers.trustRemoteCode: true",
        ),
    }
)
"""Reasons by owner for flags that a stack-level key decides rather than a role's, on every engine."""


def owners_of(table: str) -> Mapping[str, str]:
    """Return the owner of each flag by its spelling, in the table's order. A row holds the owner, then its flags."""
    rows = (line.split() for line in table.split("\n") if line)
    return MappingProxyType({name: owner for owner, *names in rows for name in names})


@dataclass(frozen=True)
class FlagHistory:
    """The flags of an engine by version, and their owners."""

    title: str
    versions: Sequence[str]
    """Versions that were read, oldest first."""
    flags_of: Callable[[str], Sequence[ParserFlag]]
    owners: Mapping[str, str]
    """Owner by one of the flag's spellings, in the order in which messages list the flags."""
    instead: Mapping[str, str]
    """Replacement by flag, for flags that another version renamed."""

    def table(self, version: str, reasons: Mapping[str, Reason], kind: type[FlagTable] = FlagTable) -> FlagTable:
        """Return the flags of one version. Raises ValueError for an unknown version."""
        places = {name: place for place, name in enumerate(self.owners)}
        flags = sorted(
            (self._engine_flag(each) for each in self.flags_of(version)),
            key=lambda flag: min((places[name] for name in flag.names if name in places), default=len(places)),
        )
        names = frozenset(name for flag in flags for name in flag.names)
        return kind(flags=tuple(flags), reasons=reasons, others=partial(self._others, version, names))

    def _engine_flag(self, flag: ParserFlag) -> EngineFlag:
        owner = next((self.owners[name] for name in flag.names if name in self.owners), UNCHECKED)
        return EngineFlag.of(flag.names, flag.sort, owner, flag.deprecated)

    def _others(self, version: str, names: frozenset[str]) -> Mapping[str, Gone]:
        """Return the flags that only other versions accept, by spelling: the nearest such version, and a fix."""
        number = release_number(version)
        at = next(place for place, each in enumerate(self.versions) if release_number(each) == number)
        found: dict[str, Gone] = {}
        for other in (*reversed(self.versions[:at]), *self.versions[at + 1 :]):
            older = self.versions.index(other) < at
            said = f"{self.title} {version} has no such flag: {other} is the {'last' if older else 'first'} that has"
            for flag in self.flags_of(other):
                for name in flag.names:
                    if name not in names and name not in found:
                        found[name] = Gone(self._engine_flag(flag), said, self._renamed(name, names))
        return found

    def _renamed(self, name: str, names: frozenset[str]) -> str | None:
        """Return the replacement of a flag that this version has, following renames; None if there is none."""
        new = self.instead.get(name)
        while new and new.split()[0] not in names:
            new = self.instead.get(new)
        return new
