"""``backend``: the inference engine of both roles' workers."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Backend"]


class Backend(StrEnum):
    """The engine. Flags, memory and rules of each are in ``wideep.engines``."""

    SGLANG = "sglang"
    VLLM = "vllm"
    TRTLLM = "trtllm"
