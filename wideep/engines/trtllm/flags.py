"""Every flag that a worker's command takes in one version: those of Dynamo's worker, and the YAML's keys as flags.

From Dynamo 1.1 on its worker takes ``--trtllm.KEY VALUE`` for each key of the YAML, without abbreviations
(``dynamo/trtllm/dynamic_flags.py``); TensorRT-LLM itself ends at a key that it does not have.
"""

from __future__ import annotations

import functools
from typing import Final

from wideep.engines.flags import FlagTable, Given
from wideep.engines.parser import ParserFlag, is_from
from wideep.engines.trtllm.keys import PREFIX, dotted_keys
from wideep.engines.trtllm.owners import OWNERS, REASONS
from wideep.engines.trtllm.parser import VERSIONS, parser_flags, version_read
from wideep.engines.versions import FlagHistory

__all__ = ["flag_table"]

DOTTED_FROM: Final = (1, 3, 0, 11)
"""TensorRT-LLM of Dynamo 1.1."""


@functools.cache
def flag_table(version: str) -> FlagTable:
    """The flags of one version, by the newest that was read up to it."""
    return _HISTORY.table(version_read(version), REASONS, _Flags)


def _flags_of(version: str) -> tuple[ParserFlag, ...]:
    dotted = dotted_keys(version) if is_from(version, *DOTTED_FROM) else ()
    return (*parser_flags(version), *(ParserFlag((f"{PREFIX}{key}",), "str", deprecated=False) for key in dotted))


class _Flags(FlagTable):
    """The table as Dynamo's worker reads it."""

    def _read(self, group: tuple[str, ...]) -> Given:
        name = group[0].partition("=")[0]
        if name.startswith(PREFIX) and name not in self.names and name not in self.others:
            return Given(group, None, "TensorRT-LLM has no such key in its YAML, and ends at one that it does not know")
        if name.startswith(PREFIX) and "=" in group[0]:
            return Given(group, None, "Dynamo's worker takes the key and its value as two arguments")
        return super()._read(group)


_HISTORY: Final = FlagHistory("TensorRT-LLM", VERSIONS, _flags_of, OWNERS, {})
