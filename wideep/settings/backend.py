"""``backend``: the inference engine of both roles' workers."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["NOT_SERVED", "Backend"]


class Backend(StrEnum):
    """The engine. Flags, memory and rules of each are in ``wideep.engines``."""

    SGLANG = "sglang"
    VLLM = "vllm"


NOT_SERVED: Final = frozenset({"trtllm", "tensorrt-llm", "tensorrtllm"})
"""Names of the engine that Dynamo starts and this program writes no worker for."""
