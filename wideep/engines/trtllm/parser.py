"""The flags of Dynamo's worker for TensorRT-LLM in each version that was read (``dynamo.txt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep.engines.parser import ParserFlag, is_from, read_flags, read_versions, version_number

__all__ = ["FILE", "VERSIONS", "parser_flags", "version_read"]

FILE: Final = Path(__file__).with_name("dynamo.txt")
VERSIONS: Final = read_versions(FILE)
"""TensorRT-LLM of each release of Dynamo whose wheel was read, oldest first."""


def version_read(version: str) -> str:
    """The newest version that was read and is no newer, else the oldest."""
    older = [each for each in VERSIONS if is_from(version, *version_number(each))]
    return older[-1] if older else VERSIONS[0]


def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """All flags of the version's worker."""
    return read_flags(FILE, version)
