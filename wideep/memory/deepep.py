"""DeepEP's buffers by its own formulas (``csrc/config.hpp``), and the tensors that its low-latency mode requires."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape, WeightFormat

__all__ = [
    "NORMAL_KERNELS",
    "deepep_buffer_bytes",
    "dispatched_row_bytes",
    "low_latency_buffer_bytes",
    "low_latency_tensor_bytes",
]

NVL_PEERS: Final = 8
"""GPUs that DeepEP's normal kernels treat as one node (``NUM_MAX_NVL_PEERS``)."""
CHANNELS: Final = 10
"""Half of the 20 SMs that SGLang assigns to DeepEP by default."""
MAX_TOP_K: Final = 128
SOURCE_META: Final = 8
SCALE_EVERY: Final = 128

NORMAL_KERNELS: Final[Mapping[int, tuple[int, int]]] = MappingProxyType(
    {
        2: (256, 0),
        4: (256, 0),
        8: (256, 0),
        16: (288, 140),
        24: (288, 140),
        32: (288, 140),
        64: (288, 140),
        128: (560, 132),
        144: (720, 132),
        160: (720, 132),
    }
)
"""EP sizes for which DeepEP has settings for its normal kernels (``Buffer.get_dispatch_config`` and
``get_combine_config``), with the tokens of one channel's receive buffer over NVLink, and over RDMA."""


def deepep_buffer_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of DeepEP's buffers on one GPU, which grow with ``maxDispatchTokensPerRank`` × (E + R); 0
    without DeepEP."""
    if not role.deepep:
        return 0.0
    normal = role.deepep_mode is not DeepEpMode.LOW_LATENCY and role.ep in NORMAL_KERNELS
    nvlink, rdma = _normal_bytes(model, role.ep) if normal else (0, 0)
    low_latency = 0 if role.deepep_mode is DeepEpMode.NORMAL else low_latency_buffer_bytes(model, role)
    return nvlink + max(rdma, low_latency)


def _normal_bytes(model: ModelShape, ep: int) -> tuple[int, int]:
    """Return the bytes over NVLink (``Config.get_nvl_buffer_size_hint``) and RDMA (``get_rdma_buffer_size_hint``)."""
    nvl_tokens, rdma_tokens = NORMAL_KERNELS[ep]
    token = model.hidden_size * 2 + SOURCE_META + MAX_TOP_K * (8 + 4 + 4)
    nvlink = CHANNELS * min(ep, NVL_PEERS) * nvl_tokens * token
    rdma = CHANNELS * (ep // NVL_PEERS) * rdma_tokens * (token + 16) * 2 if ep > NVL_PEERS else 0
    return nvlink, rdma


def low_latency_buffer_bytes(model: ModelShape, role: RoleLayout) -> int:
    """Return the bytes of ``LowLatencyLayout``: two send and two receive buffers for every token at every slot.

    A message is one token as combine sends it, in bf16 with scales: never smaller than dispatch's from 512 values on.
    """
    slots = model.experts + role.redundant_experts
    message = 2 * model.hidden_size + 4 * (model.hidden_size // SCALE_EVERY)
    return 4 * slots * role.max_dispatch_tokens_per_rank * message


def dispatched_row_bytes(model: ModelShape) -> float:
    """Return the bytes that the experts of one layer hold for each token that reaches them: 32 KB for R1.

    They are the hidden values in FP8 with a scale for each 128 of them, gate and up in bf16, their product in FP8, and
    the result in bf16, which combine sends back. If the weights are bf16, all of them are in bf16.
    """
    held = 2 if model.weight_format is WeightFormat.BF16 else 1 + 4 / SCALE_EVERY
    hidden, width = model.hidden_size, model.expert_width
    return hidden * held + 2 * width * 2 + width * held + hidden * 2


def low_latency_tensor_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of one layer's tensors in low-latency mode, which have room for every token at every expert
    slot.

    They have (E + R) × maxDispatchTokensPerRank rows whatever the batch: 1.2 GB for R1 with 32 redundant experts at
    128. Two overlapping batches hold the tensors of two layers.
    """
    if not role.low_latency:
        return 0.0
    rows = (model.experts + role.redundant_experts) * role.max_dispatch_tokens_per_rank
    return rows * dispatched_row_bytes(model) * (2 if role.two_batch_overlap else 1)
