"""The flags of Dynamo's worker for TensorRT-LLM in each version that was read (``dynamo.txt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep.engines.parser import ParserFlag, read_flags, read_versions

__all__ = ["FILE", "VERSIONS", "parser_flags"]

FILE: Final = Path(__file__).with_name("dynamo.txt")
VERSIONS: Final = read_versions(FILE)
"""TensorRT-LLM versions of the Dynamo releases whose wheel was read, oldest first."""


def parser_flags(version: str) -> tuple[ParserFlag, ...]:
    """Return all flags of the version's worker."""
    return read_flags(FILE, version)
