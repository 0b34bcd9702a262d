"""Every flag that a worker's command accepts in one version: vLLM's own and Dynamo's, which share one command line.

vLLM's parser accepts more spellings than argparse (``FlexibleArgumentParser``): underscores for dashes, the keys of an
object as separate flags, ``--compilation-config.cudagraph_mode NONE``, and ``-O3`` for ``--optimization-level 3``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from wideep.engines.flags import EngineFlag, FlagTable, Given
from wideep.engines.parser import newest_read
from wideep.engines.reading import json_object
from wideep.engines.versions import FlagHistory
from wideep.engines.vllm.owners import OWNERS, REASONS
from wideep.engines.vllm.parser import VERSIONS, parser_flags

__all__ = ["flag_table"]

_HISTORY: Final = FlagHistory("vLLM", VERSIONS, parser_flags, OWNERS, {})


@functools.cache
def flag_table(version: str) -> FlagTable:
    """Return the flags of one version, taken from the newest version read that is not newer."""
    return _HISTORY.table(newest_read(VERSIONS, version), REASONS, _Flags)


SAME: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "--compilation-config": {
            "cudagraph_capture_sizes": "--cudagraph-capture-sizes",
            "max_cudagraph_capture_size": "--max-cudagraph-capture-size",
        },
    }
)
"""Keys of an object that have the same effect as a separate flag."""


_NONE: Final[Mapping[str, str]] = MappingProxyType({})
CONFIG_FILE: Final = EngineFlag(("--config",), str, None, "file")
"""A flag that the parser's help does not list: the parser replaces it by the flags in the file before it parses any."""

LEVEL: Final = "-O"


class _Flags(FlagTable):
    """The table as vLLM's parser reads it."""

    def _read(self, group: tuple[str, ...]) -> Given:
        if group[0].startswith(LEVEL):
            level = group[0].removeprefix(LEVEL).removeprefix("=")
            values = (level, *group[1:]) if level else group[1:]
            return replace(super()._read(("--optimization-level", *values)), words=group)
        name, equals, value = group[0].partition("=")
        flag, dot, key = name.partition(".")
        if flag.startswith("--"):
            flag = flag.replace("_", "-")
        if flag in CONFIG_FILE.names:
            return Given(group, CONFIG_FILE)
        plain = f"{flag}{dot}{key}"
        if dot and plain not in self.names:
            return Given(group, self._named(flag))
        return replace(super()._read((f"{plain}{equals}{value}", *group[1:])), words=group)

    def meant(self, given: Given) -> EngineFlag | None:
        names = given.flag.names if given.flag else ()
        below = next((SAME[name] for name in names if name in SAME), _NONE)
        dotted = given.words[0].partition("=")[0].partition(".")[2]
        keys = [dotted] if dotted else _members(given.values) if below else []
        return next((self._named(below[key]) for key in keys if key in below), given.flag)

    def _named(self, name: str) -> EngineFlag | None:
        return next((each for each in self.flags if name in each.names), None)


def _members(values: Sequence[str]) -> list[str]:
    """Return the keys of a flag's JSON object; empty if its value is anything else."""
    try:
        return list(json_object(values[0])) if len(values) == 1 else []
    except (ValueError, RecursionError):
        return []
