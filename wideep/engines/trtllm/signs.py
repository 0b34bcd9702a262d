"""Log lines of TensorRT-LLM's workers that indicate a symptom."""

from __future__ import annotations

from typing import Final

from wideep.signs import Depth, Place, signs

__all__ = ["SIGNS"]

SIGNS: Final = (
    *signs(Depth.NAMED, Place.ENGINE, arguments=(r"(?P<said>Extra inputs are not permitted[^\n]*)",)),
    *signs(Depth.FOLLOWS, Place.ENGINE, kv_transfer=(r"fitting_disagg_gen_init_requests is empty",)),
)
