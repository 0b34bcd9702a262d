"""Inference engines behind one interface (``wideep.engines.base.Engine``), and which of them a stack runs.

An engine is a package of this one; nothing outside it names its flags, its log lines or its classes. Engines are
imported when they are asked for: who reads a log needs no rules, and who checks rules needs no log.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.engines.base import Engine
    from wideep.settings.root import Settings
    from wideep.signs import Sign

__all__ = ["engine_of", "engine_signs"]


def engine_of(settings: Settings | None = None) -> Engine:
    """The engine that a stack runs. None: the one that a stack gets which names none."""
    from wideep.dynamo import release_of

    return _sglang(release_of(settings).engines["sglang"])  # a stack names no engine: there is one


def engine_signs() -> tuple[Sign, ...]:
    """Lines of all engines' logs: no engine writes another's."""
    from wideep.engines.sglang.signs import SIGNS

    return SIGNS


@functools.cache
def _sglang(version: str) -> Engine:
    from wideep.engines.sglang.engine import Sglang

    return Sglang(version)
