"""Changes in SGLang's behaviour by version, other than in its flags (see ``flags``); read in the wheels of
``VERSIONS``.

A version between two that were read counts as the older one; no release of Dynamo pairs with such a version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep.engines.parser import is_from

__all__ = [
    "BF16_LOW_LATENCY",
    "BF16_NORMAL",
    "DECODE_STAGES",
    "FOLLOWS_ROOM",
    "GLM_STAGES",
    "GRAPHS_BY_PHASE",
    "LM_HEAD_ALL_TO_ALL",
    "PREFILL_GRAPHS",
    "RANKS_PICK_ALIKE",
    "REPORT_MODE",
    "Since",
]


@dataclass(frozen=True)
class Since:
    """The first of the versions read that has a change, and the place in its source that shows it."""

    first: tuple[int, int, int]
    source: str

    def holds(self, version: str) -> bool:
        """Tell whether the version has the change."""
        return is_from(version, *self.first)

    def __str__(self) -> str:
        return ".".join(map(str, self.first))


GLM_STAGES: Final = Since((0, 5, 4), "models/glm4_moe.py: make_layers with pp_rank, and PPMissingLayer")
FOLLOWS_ROOM: Final = Since((0, 5, 8), "server_args.py: _handle_load_balance_method")
"""Prefill by default assigns requests to ranks by their bootstrap room, from which decode can derive the rank, so
round-robin assignment is not needed."""
DECODE_STAGES: Final = Since((0, 5, 8), "managers/scheduler.py: event_loop_pp_disagg_decode")
GRAPHS_BY_PHASE: Final = Since((0, 5, 14), "server_args.py: cuda_graph_bs_decode and the deprecated --cuda-graph-bs")
PREFILL_GRAPHS: Final = Since((0, 5, 14), "server_args.py: the reserve for prefill's CUDA graphs")
BF16_LOW_LATENCY: Final = Since((0, 5, 14), "layers/moe/ep_moe/layer.py: DeepEPMoE with bf16 experts and DeepGEMM")
BF16_NORMAL: Final = Since((0, 5, 18), "layers/moe/ep_moe/layer.py: the same whatever the mode")
RANKS_PICK_ALIKE: Final = Since((0, 5, 18), "server_args.py: _handle_eplb_and_dispatch")
LM_HEAD_ALL_TO_ALL: Final = Since((0, 5, 18), "arg_groups/overrides.py: _tp_lm_head_all_to_all_default")
REPORT_MODE: Final = Since(
    (0, 5, 18), "server_args.py: --expert-balancedness-report-mode; the old flag is gone in 0.5.21"
)
