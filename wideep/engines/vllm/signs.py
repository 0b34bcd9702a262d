"""Log lines of vLLM's workers that indicate a symptom."""

from __future__ import annotations

from typing import Final

from wideep.signs import Depth, Place, signs

__all__ = ["SIGNS"]

SIGNS: Final = (
    *signs(
        Depth.NAMED,
        Place.ENGINE,
        pool=(r"No available memory for the cache blocks", r"larger than the available KV cache memory"),
        occupied=(r"Free memory on device [^\n]* is less than desired GPU memory utilization",),
    ),
    *signs(
        Depth.FOLLOWS,
        Place.ENGINE,
        kv_transfer=(r"NIXL transfer failure", r"Releasing expired KV blocks", r"Declining expired remote read"),
    ),
)
