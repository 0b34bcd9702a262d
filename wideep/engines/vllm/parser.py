"""The flags of each version that was read: vLLM's own (``parser.txt``), and Dynamo's beside them (``dynamo.txt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep.engines.parser import ParserFlag, is_from, read_versions, worker_flags

__all__ = ["DYNAMO_FILE", "FILE", "VERSIONS", "parser_flags", "version_read"]

FILE: Final = Path(__file__).with_name("parser.txt")
DYNAMO_FILE: Final = Path(__file__).with_name("dynamo.txt")
VERSIONS: Final = read_versions(FILE)
"""Versions whose wheel was read, oldest first: those that releases of Dynamo from 1.0 on pair with."""


def version_read(version: str) -> str:
    """The newest version that was read and is no newer; the oldest for those of releases before 1.0, which are refused
    (``wideep.rules.backend``)."""
    older = [each for each in VERSIONS if is_from(version, *map(int, each.split(".")))]
    return older[-1] if older else VERSIONS[0]


def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """All flags of the version's worker."""
    return worker_flags(FILE, DYNAMO_FILE, version)
