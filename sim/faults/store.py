"""The faults that are set: clusters/ID/faults.json, which the agent and the plugins read whenever one could take
effect.

This module avoids slow imports, because every call of a plugin uses it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

__all__ = ["Set", "active", "change", "is_active", "listed"]


@dataclass(frozen=True)
class Set:
    """A fault that is set. `until` is in seconds since the epoch; None: until it is cleared."""

    name: str
    on: str
    until: float | None

    def strikes(self, name: str, obj: str, now: float) -> bool:
        return self.name == name and (self.until is None or now < self.until) and fnmatchcase(obj, self.on)


def listed(directory: Path) -> list[Set]:
    """Return all faults that are set, including those whose time is over, which still have to be undone."""
    try:
        return [Set(**entry) for entry in json.loads((directory / "faults.json").read_text())]
    except FileNotFoundError:
        return []


def is_active(directory: Path, name: str, obj: str = "") -> bool:
    """Tell whether a fault affects this object now."""
    now = time.time()
    return any(one.strikes(name, obj, now) for one in listed(directory))


def active(name: str, obj: str = "") -> bool:
    """Tell the same for the simulation of $SIM_CLUSTER; False if there is none."""
    file = os.environ.get("SIM_CLUSTER")
    return bool(file) and is_active(Path(file).parent, name, obj)


@contextmanager
def change(directory: Path) -> Iterator[list[Set]]:
    """Yield the list of faults for modification, one process at a time; write it atomically afterwards."""
    with (directory / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = listed(directory)
        yield faults
        half = directory / "faults.json.tmp"
        half.write_text(json.dumps([asdict(one) for one in faults], indent=2) + "\n")
        half.replace(directory / "faults.json")
