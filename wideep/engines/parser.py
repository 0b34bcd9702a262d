"""Files of parsers' flags by version, which ``python -m tests.wheels.generate`` writes from the engines' wheels.

The first line has the versions that were read. A row: sort and number of values, versions that have it so, the flags.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ParserFlag",
    "is_from",
    "newest_read",
    "read_flags",
    "read_versions",
    "release_number",
    "version_number",
    "worker_flags",
]


@dataclass(frozen=True)
class ParserFlag:
    """One flag as the parser of one version has it."""

    names: tuple[str, ...]
    sort: str
    """``-``: given alone. Else int, float or str, with ``?``, ``*`` or ``+`` where it takes not one value."""
    deprecated: bool
    """The parser takes it and warns: another flag, or none, does what it did."""


def newest_read(versions: Sequence[str], version: str) -> str:
    """Return the newest of the versions that were read, oldest first, that is no newer; else the oldest."""
    older = [each for each in versions if is_from(version, *version_number(each))]
    return older[-1] if older else versions[0]


def release_number(version: str) -> str:
    """``0.5.3`` of ``0.5.3.post2``: later builds of a version take the same flags."""
    return ".".join(version.split(".")[:3])


def is_from(version: str, *since: int) -> bool:
    """True if the version is ``since`` (``0, 5, 14``) or newer."""
    return version_number(version) >= since


def read_versions(file: Path) -> tuple[str, ...]:
    """Versions whose wheel was read, oldest first."""
    return tuple(_lines(file)[0].split()[1:])


def read_flags(file: Path, version: str) -> tuple[ParserFlag, ...]:
    """The flags of one version in one of the files."""
    wanted = version_number(version)
    found: list[ParserFlag] = []
    for line in _lines(file)[1:]:
        sort, versions, *flags = line.split()
        first, last = versions.lstrip("~").split("-")
        if version_number(first) <= wanted and (not last or wanted <= version_number(last)):
            found += [ParserFlag(tuple(each.split("|")), sort, versions.startswith("~")) for each in flags]
    return tuple(found)


@functools.cache
def worker_flags(engine: Path, dynamo: Path, version: str) -> tuple[ParserFlag, ...]:
    """All flags of a version's worker; Dynamo's of a name that the engine has too: its parser is asked first."""
    beside = read_flags(dynamo, version)
    taken = {name for flag in beside for name in flag.names}
    return (*(flag for flag in read_flags(engine, version) if not taken & set(flag.names)), *beside)


def version_number(version: str) -> tuple[int, ...]:
    """``(1, 3, 0, 29)`` of ``1.3.0rc29``: TensorRT-LLM's releases here are all candidates of one."""
    return tuple(map(int, re.findall(r"\d+", release_number(version))))


@functools.cache
def _lines(file: Path) -> tuple[str, ...]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))
