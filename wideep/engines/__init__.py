"""Inference engines behind one interface (``wideep.engines.base.Engine``), and which of them a stack runs.

Each engine is a subpackage; nothing outside it names its flags, its log lines or its classes. Engines are imported on
demand: code that reads a log needs no rules, and code that checks rules needs no log.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wideep.engines.base import Engine
    from wideep.engines.launches import Launch
    from wideep.settings.backend import Backend
    from wideep.settings.root import Settings
    from wideep.signs import Sign

__all__ = ["engine", "engine_of", "engine_signs", "known_launches"]


def engine_of(settings: Settings | None = None) -> Engine:
    """Return the engine that a stack runs; without settings, the default engine."""
    from wideep.dynamo import release_of
    from wideep.settings.backend import Backend

    backend = settings.backend if settings else Backend.SGLANG
    return engine(backend, release_of(settings).engines[backend.value])


def engine_signs() -> tuple[Sign, ...]:
    """Return the log signs of all engines. They can be combined because no engine writes another's lines."""
    from wideep.engines.sglang.signs import SIGNS as SGLANG
    from wideep.engines.trtllm.signs import SIGNS as TRTLLM
    from wideep.engines.vllm.signs import SIGNS as VLLM

    return (*SGLANG, *VLLM, *TRTLLM)


def known_launches() -> tuple[Launch, ...]:
    """Return how each engine is started by hand."""
    from wideep.engines.sglang.launch import LAUNCH as SGLANG
    from wideep.engines.vllm.launch import LAUNCH as VLLM

    return (SGLANG, VLLM)


@functools.cache
def engine(backend: Backend, version: str) -> Engine:
    """Return one version of an engine."""
    match backend.value:
        case "sglang":
            from wideep.engines.sglang.engine import Sglang

            return Sglang(version)
        case "vllm":
            from wideep.engines.vllm.engine import Vllm

            return Vllm(version)
        case "trtllm":
            from wideep.engines.trtllm.engine import TensorRtLlm

            return TensorRtLlm(version)
