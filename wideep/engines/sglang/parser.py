"""The flags of each version that is known here, as its parsers have them.

``parser.txt`` are SGLang's own, written from its wheels; ``dynamo.txt`` are those that Dynamo's worker has beside them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["DYNAMO_FILE", "FILE", "VERSIONS", "ParserFlag", "is_from", "parser_flags", "read_flags", "release_number"]

FILE: Final = Path(__file__).with_name("parser.txt")
DYNAMO_FILE: Final = Path(__file__).with_name("dynamo.txt")


@dataclass(frozen=True)
class ParserFlag:
    """One flag as the parser of one version has it."""

    names: tuple[str, ...]
    sort: str
    """``-``: given alone. Else int, float or str, with ``?``, ``*`` or ``+`` where it takes not one value."""
    deprecated: bool
    """The parser takes it and warns: another flag, or none, does what it did."""


def release_number(version: str) -> str:
    """``0.5.3`` of ``0.5.3.post2``: later builds of a version take the same flags."""
    return ".".join(version.split(".")[:3])


def is_from(version: str, *since: int) -> bool:
    """True if the version is ``since`` (``0, 5, 14``) or newer."""
    return _number(version) >= since


@functools.cache
def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """All flags of the version's worker; Dynamo's of a name that SGLang has too, since its parser is asked first.

    ValueError: a version that is not known here.
    """
    if release_number(version) not in map(release_number, VERSIONS):
        raise ValueError(f"SGLang {version}: its flags are not known here, only those of {', '.join(VERSIONS)}")
    dynamo = read_flags(DYNAMO_FILE, version)
    taken = {name for flag in dynamo for name in flag.names}
    return (*(flag for flag in read_flags(FILE, version) if not taken & set(flag.names)), *dynamo)


def read_flags(file: Path, version: str) -> tuple[ParserFlag, ...]:
    """The flags of one version in one of the files."""
    wanted = _number(version)
    found: list[ParserFlag] = []
    for line in _lines(file)[1:]:
        sort, versions, *flags = line.split()
        first, last = versions.lstrip("~").split("-")
        if _number(first) <= wanted and (not last or wanted <= _number(last)):
            found += [ParserFlag(tuple(each.split("|")), sort, versions.startswith("~")) for each in flags]
    return tuple(found)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, release_number(version).split(".")))


@functools.cache
def _lines(file: Path) -> tuple[str, ...]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


VERSIONS: Final = tuple(_lines(FILE)[0].split()[1:])
"""Versions whose wheel was read, oldest first: those that releases of Dynamo pair with."""
