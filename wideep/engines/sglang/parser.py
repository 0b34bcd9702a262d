"""The parser flags of each known version.

``parser.txt`` holds SGLang's own, written from its wheels; ``dynamo.txt`` holds those that Dynamo's worker adds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep.engines.parser import ParserFlag, read_versions, release_number, worker_flags

__all__ = ["DYNAMO_FILE", "FILE", "VERSIONS", "parser_flags"]

FILE: Final = Path(__file__).with_name("parser.txt")
DYNAMO_FILE: Final = Path(__file__).with_name("dynamo.txt")
VERSIONS: Final = read_versions(FILE)
"""Versions whose wheel was read, oldest first: those that releases of Dynamo pair with."""


def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """Return all flags of the version's worker. Raises ValueError for an unknown version."""
    if release_number(version) not in map(release_number, VERSIONS):
        raise ValueError(f"SGLang {version}: its flags are unknown; known are those of {', '.join(VERSIONS)}")
    return worker_flags(FILE, DYNAMO_FILE, version)
