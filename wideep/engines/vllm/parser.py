"""The flags of each version that was read: vLLM's own (``parser.txt``), and those that Dynamo adds (``dynamo.txt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep.engines.parser import ParserFlag, read_versions, worker_flags

__all__ = ["DYNAMO_FILE", "FILE", "VERSIONS", "parser_flags"]

FILE: Final = Path(__file__).with_name("parser.txt")
DYNAMO_FILE: Final = Path(__file__).with_name("dynamo.txt")
VERSIONS: Final = read_versions(FILE)
"""Versions whose wheel was read, oldest first: those that Dynamo's releases from 1.0 on pair with. The versions of
earlier releases are refused (``wideep.rules.backend``)."""


def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """Return all flags of the version's worker."""
    return worker_flags(FILE, DYNAMO_FILE, version)
