"""What the engines share in reading a launch command's flags as keys; each has its own inverse of ``args``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from wideep.engines.flags import EngineFlag, Given, values_of

__all__ = ["MOST_SHOWN", "RoleReading", "SaidFlag", "json_object", "read_keys", "said_flags", "worker_shape"]

MOST_GPUS: Final = 100_000
MOST_SHOWN: Final = 60
"""Characters of an invalid value that a message shows."""


@dataclass(frozen=True)
class SaidFlag:
    """One flag of a command that the engine has, in this version or in another."""

    flag: EngineFlag
    words: tuple[str, ...]
    """The flag and its values as written."""

    @property
    def name(self) -> str:
        """The engine's own name of the flag."""
        return self.flag.names[0]

    @property
    def values(self) -> tuple[str, ...]:
        """The values as text."""
        return values_of(self.words)

    @property
    def value(self) -> object:
        """The value as the engine's parser returns it: a bool for a flag without one, a list if it takes several.

        Raises ValueError for a text that does not match the type.
        """
        if self.flag.value is None:
            return not self.words[0].startswith("--no-")
        if not self.values:
            raise ValueError("it has no value")
        read = [_number(self.flag.value, each) for each in self.values]
        return read if self.flag.nargs in ("+", "*") else read[0]

    def is_any(self, *names: str) -> bool:
        """Tell whether this is one of the flags, under any spelling."""
        return any(name in self.flag.names for name in names)


@dataclass
class RoleReading:
    """The result of reading a command: keys of ``layout.ROLE`` by their dotted path, and what has no key."""

    keys: dict[str, object] = field(default_factory=dict[str, object])
    said_by: dict[str, str] = field(default_factory=dict[str, str])
    """Flags and variables that a key expresses, with that key."""
    left: dict[str, str] = field(default_factory=dict[str, str])
    """Flags and variables that no key can express, with the reason."""
    extra: list[str] = field(default_factory=list[str])
    """Words of ``extraArgs`` to which flags were converted, each flag with its value."""
    passed: set[str] = field(default_factory=set[str])
    """Flags that were converted to such words."""

    def put(self, said: str, key: str, value: object) -> None:
        """Record that a flag or variable gives the value of a key."""
        self.keys[key] = value
        self.said_by[said] = key

    def number(self, key: str, default: int) -> int:
        """Return the value of a whole-number key, or ``default``, which is the engine's own."""
        value = self.keys.get(key, default)
        return value if isinstance(value, int) else default


def said_flags(given: Iterable[Given]) -> list[SaidFlag]:
    """Return the flags that this version or another one has."""
    return [SaidFlag(each.flag, each.words) for each in given if each.flag]


def read_keys(
    said: Iterable[SaidFlag], keys: frozenset[str], read: Callable[[RoleReading, SaidFlag], None]
) -> RoleReading:
    """Return the reading that ``read`` fills from each flag that one of ``keys`` owns.

    Raises ValueError, with the flag's name, for a value that does not match its type.
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
    """Return a value converted to its flag's type. Raises ValueError with the beginning of the value."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"no number: {text[:MOST_SHOWN]!r}") from None


def json_object(text: str) -> Mapping[str, object]:
    """Return a flag's JSON object. Raises ValueError if the text is not one."""
    try:
        found: object = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - json.loads raises ValueError too
    return cast("Mapping[str, object]", found)


def worker_shape(gpus: int, nodes: int | None, gpus_per_node: int) -> dict[str, object]:
    """Return ``nodes`` and ``gpusPerNode`` of a worker, from its command's number of nodes or a node's size.

    Raises ValueError if the numbers are not possible sizes of a worker.
    """
    if not 1 <= gpus <= MOST_GPUS:
        raise ValueError(f"a worker of {gpus if abs(gpus) < MOST_GPUS**2 else 'too many'} GPUs (1 to {MOST_GPUS:,})")
    if nodes is not None and not 1 <= nodes <= gpus:
        raise ValueError(f"{gpus} GPUs on {nodes} nodes")
    pods = nodes or -(-gpus // gpus_per_node)
    return {"nodes": pods, "gpusPerNode": max(1, gpus // pods)}
