"""Log lines of SGLang's workers that indicate a symptom."""

from __future__ import annotations

from typing import Final

from wideep.signs import Depth, Place, signs

__all__ = ["SIGNS"]

SIGNS: Final = (
    *signs(
        Depth.NAMED,
        Place.ENGINE,
        pool=(r"Not enough memory\. Please try to increase --mem-fraction-static",),
        dispatch=(r"assert[^\n]*num_max_dispatch_tokens_per_rank",),
        occupied=(r"GPUs may be occupied by other processes",),
    ),
    *signs(
        Depth.FOLLOWS,
        Place.ENGINE,
        kv_transfer=(
            r"KVTransferError",
            r"(Prefill|Decode) transfer failed",
            r"Failed to send kv chunk",
            r"timed out[^\n]*KVPoll",
            r"requests timed out when bootstrapping",
            r"fail to receive KV Cache transfer done signal",
            r"(Failed to fetch|Error fetching) prefill",
        ),
    ),
)
