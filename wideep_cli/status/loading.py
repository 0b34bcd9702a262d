"""How far a worker is with its model, from the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["download_progress", "loading_progress"]

STAGES: Final = (
    ("Init torch distributed begin", "connecting its ranks"),
    ("Init torch distributed ends", "its ranks are connected"),
    ("Load weight begin", "loading weights"),
    ("Load weight end", "weights loaded, allocating the KV cache"),
    ("KV Cache is allocated", "KV cache allocated"),
    ("Capture cuda graph begin", "capturing CUDA graphs"),
    ("Capture cuda graph end", "CUDA graphs captured"),
    ("The server is fired up", "registering"),
)
"""Lines of SGLang 0.5.3.post2, in the order in which they come, and what they mean."""
SHARDS: Final = re.compile(r"Loading safetensors checkpoint shards:\s*(\d+)% Completed")
FETCHED: Final = re.compile(r"(\d{1,3})%")


def loading_progress(log: Iterable[str]) -> str:
    """The newest stage that the log tells of; ``started`` where it tells of none."""
    words = "started"
    for line in log:
        shards = SHARDS.search(line)
        if shards:
            words = f"loading weights, {shards[1]} %"
        words = next((stage for mark, stage in STAGES if mark in line), words)
    return words


def download_progress(log: Iterable[str]) -> str:
    """The last percentage of a download's log; empty where there is none."""
    found = [match[1] for line in log for match in FETCHED.finditer(line)]
    return f"{found[-1]} %" if found else ""
