"""Every flag that a worker's command accepts in one version: those of Dynamo's worker, and the YAML's keys as flags.

From Dynamo 1.1 on, its worker accepts ``--trtllm.KEY VALUE`` for each key of the YAML, without abbreviations
(``dynamo/trtllm/dynamic_flags.py``); TensorRT-LLM itself exits on an unknown key.
"""

from __future__ import annotations

import functools
from typing import Final

from wideep.engines.flags import EngineFlag, FlagTable, Given, two_items
from wideep.engines.parser import ParserFlag, is_from, newest_read
from wideep.engines.trtllm.keys import PREFIX, dotted_keys, is_opaque
from wideep.engines.trtllm.owners import OWNERS, REASONS
from wideep.engines.trtllm.parser import VERSIONS, parser_flags
from wideep.engines.versions import FlagHistory

__all__ = ["flag_table"]

DOTTED_FROM: Final = (1, 3, 0, 11)
"""The version of TensorRT-LLM in Dynamo 1.1."""


@functools.cache
def flag_table(version: str) -> FlagTable:
    """Return the flags of one version, taken from the newest version read that is not newer."""
    return _HISTORY.table(newest_read(VERSIONS, version), REASONS, _Flags)


def _flags_of(version: str) -> tuple[ParserFlag, ...]:
    dotted = dotted_keys(version) if is_from(version, *DOTTED_FROM) else ()
    return (*parser_flags(version), *(ParserFlag((f"{PREFIX}{key}",), "str", deprecated=False) for key in dotted))


class _Flags(FlagTable):
    """The table as Dynamo's worker parses it."""

    def _read(self, group: tuple[str, ...]) -> Given:
        name = group[0].partition("=")[0]
        if not name.startswith(PREFIX) or (name in self.others and name not in self.names):
            return super()._read(group)
        flag = next((flag for flag in self.flags if name in flag.names), None) or self._above(name)
        if flag is None:
            return Given(group, None, "TensorRT-LLM's YAML has no such key, and the engine exits on an unknown one")
        if "=" in group[0]:
            repaired = two_items(name, group[0].partition("=")[2])
            return Given(group, flag, "Dynamo's worker takes the key and its value as two arguments", repaired=repaired)
        return super()._read(group) if name in flag.names else Given(group, flag)

    def _above(self, name: str) -> EngineFlag | None:
        """Return the flag of the object that contains this key, if the object's keys are not listed; else None."""
        parents = {name[:at] for at, letter in enumerate(name) if letter == "."} - {PREFIX.rstrip(".")}
        return next((flag for flag in self.flags if flag.names[0] in parents and is_opaque(flag.names[0])), None)


_HISTORY: Final = FlagHistory("TensorRT-LLM", VERSIONS, _flags_of, OWNERS, {})
