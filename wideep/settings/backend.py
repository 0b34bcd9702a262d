"""``backend``: the inference engine of both roles' workers."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Backend"]


class Backend(StrEnum):
    """The engine. ``wideep.engines`` holds the flags, memory model and rules of each."""

    SGLANG = "sglang"
    VLLM = "vllm"
    TRTLLM = "trtllm"
