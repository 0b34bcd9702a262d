"""A launch command's flags as keys of a role: what the engines have in common. Each has the inverse of its ``args``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from wideep.engines.flags import EngineFlag, Given, values_of

__all__ = ["MOST_SHOWN", "RoleReading", "SaidFlag", "json_object", "read_keys", "said_flags", "worker_shape"]

MOST_GPUS: Final = 100_000
MOST_SHOWN: Final = 60
"""Characters of a value that is none."""


@dataclass(frozen=True)
class SaidFlag:
    """One flag of a command that the engine has, in this version or another."""

    flag: EngineFlag
    words: tuple[str, ...]
    """As they are written."""

    @property
    def name(self) -> str:
        """The engine's own name of it."""
        return self.flag.names[0]

    @property
    def values(self) -> tuple[str, ...]:
        """The values' texts."""
        return values_of(self.words)

    @property
    def value(self) -> object:
        """The value as the engine's parser has it: True for a flag without one, a list where it takes several.

        Raises ValueError for a text that is none of its type.
        """
        if self.flag.value is None:
            return not self.words[0].startswith("--no-")
        if not self.values:
            raise ValueError("it has no value")
        read = [_number(self.flag.value, each) for each in self.values]
        return read if self.flag.nargs in ("+", "*") else read[0]

    def is_any(self, *names: str) -> bool:
        """True if it is one of these flags, by any spelling."""
        return any(name in self.flag.names for name in names)


@dataclass
class RoleReading:
    """What an engine makes of a command: keys of ``layout.ROLE`` by their dotted path, and what has no key."""

    keys: dict[str, object] = field(default_factory=dict[str, object])
    said_by: dict[str, str] = field(default_factory=dict[str, str])
    """Flags and variables that are told by a key, with that key."""
    left: dict[str, str] = field(default_factory=dict[str, str])
    """Flags and variables that no key can tell, with the reason."""
    extra: list[str] = field(default_factory=list[str])
    """Words for ``extraArgs`` that a flag becomes, each flag with its value."""
    passed: set[str] = field(default_factory=set[str])
    """Flags that became such words."""

    def put(self, said: str, key: str, value: object) -> None:
        """Note that a flag or variable is a key's value."""
        self.keys[key] = value
        self.said_by[said] = key

    def number(self, key: str, default: int) -> int:
        """A key that is a whole number, or what the engine takes without it."""
        value = self.keys.get(key, default)
        return value if isinstance(value, int) else default


def said_flags(given: Iterable[Given]) -> list[SaidFlag]:
    """Flags that are known: of this version, or of another that has them."""
    return [SaidFlag(each.flag, each.words) for each in given if each.flag]


def read_keys(
    said: Iterable[SaidFlag], keys: frozenset[str], read: Callable[[RoleReading, SaidFlag], None]
) -> RoleReading:
    """Return what ``read`` makes of each flag that one of ``keys`` owns.

    Raises ValueError with the flag's name for a value that its type does not take.
    """
    reading = RoleReading()
    for each in said:
        if each.flag.owner in keys:
            try:
                read(reading, each)
            except ValueError as error:
                raise ValueError(f"{each.words[0].partition('=')[0]}: {error}") from None
    return reading


def _number(kind: type[int] | type[float] | type[str], text: str) -> object:
    """A value by its flag's type. Raises ValueError with a few of its characters."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"no number: {text[:MOST_SHOWN]!r}") from None


def json_object(text: str) -> Mapping[str, object]:
    """A flag's JSON object. Raises ValueError for a text that is none."""
    try:
        found: object = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - as json.loads says it
    return cast("Mapping[str, object]", found)


def worker_shape(gpus: int, nodes: int | None, gpus_per_node: int) -> dict[str, object]:
    """``nodes`` and ``gpusPerNode`` of a worker, from the nodes that its command names or from the size of one.

    Raises ValueError where they are no sizes of a worker.
    """
    if not 1 <= gpus <= MOST_GPUS:
        raise ValueError(f"a worker of {gpus if abs(gpus) < MOST_GPUS**2 else 'too many'} GPUs (1 to {MOST_GPUS:,})")
    if nodes is not None and not 1 <= nodes <= gpus:
        raise ValueError(f"{gpus} GPUs on {nodes} nodes")
    pods = nodes or -(-gpus // gpus_per_node)
    return {"nodes": pods, "gpusPerNode": max(1, gpus // pods)}
