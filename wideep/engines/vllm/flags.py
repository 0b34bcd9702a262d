"""Every flag that a worker's command takes in one version: vLLM's own and Dynamo's, which share one line.

vLLM's parser reads more spellings than argparse (``FlexibleArgumentParser``): underscores for dashes, and the keys of
an object as flags of their own, ``--compilation-config.cudagraph_mode NONE``.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Final

from wideep.engines.flags import FlagTable, Given
from wideep.engines.versions import FlagHistory
from wideep.engines.vllm.owners import OWNERS, REASONS
from wideep.engines.vllm.parser import VERSIONS, parser_flags, version_read

__all__ = ["flag_table"]

_HISTORY: Final = FlagHistory("vLLM", VERSIONS, parser_flags, OWNERS, {})


@functools.cache
def flag_table(version: str) -> FlagTable:
    """The flags of one version, by the newest that was read up to it."""
    return _HISTORY.table(version_read(version), REASONS, _Flags)


class _Flags(FlagTable):
    """The table as vLLM's parser reads it."""

    def _read(self, group: tuple[str, ...]) -> Given:
        name, equals, value = group[0].partition("=")
        flag, dot, key = name.partition(".")
        if flag.startswith("--"):
            flag = flag.replace("_", "-")
        plain = f"{flag}{dot}{key}"
        if dot and plain not in self.names:
            owner = next((each for each in self.flags if flag in each.names), None)
            return Given(group, owner)
        return replace(super()._read((f"{plain}{equals}{value}", *group[1:])), words=group)
