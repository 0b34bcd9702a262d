"""What a worker needs outside its pool: activations, CUDA graphs, communication buffers.

DeepEP's buffers are exact: its own formulas (``csrc/config.hpp``). The rest is an estimate, with the coefficients by
which SGLang 0.5.3.post2 chooses ``--mem-fraction-static`` itself (``ServerArgs._handle_gpu_memory_settings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.memory.weights import weight_parts
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = [
    "NORMAL_KERNELS",
    "Headroom",
    "chunked_prefill_tokens",
    "deepep_buffer_bytes",
    "graph_batch",
    "headroom",
    "prefill_chunk",
]

MIB: Final = 2**20
NVL_PEERS: Final = 8
"""GPUs that DeepEP's normal kernels take for one node (``NUM_MAX_NVL_PEERS``)."""
CHANNELS: Final = 10
"""Half of the 20 SMs that SGLang leaves DeepEP by default."""
MAX_TOP_K: Final = 128
SOURCE_META: Final = 8

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
"""EP sizes for which DeepEP has settings of its normal kernels (``Buffer.get_dispatch_config`` and
``get_combine_config``): tokens of one channel's receive buffer over NVLink, and over RDMA."""


@dataclass(frozen=True)
class Headroom:
    """Bytes on one GPU outside the pool."""

    activations: float
    """Of the largest prefill chunk; none at decode."""
    cuda_graphs: float
    """Of all captured batch sizes; none at prefill."""
    communication: float
    """NCCL's buffers and the runtime's own."""
    deepep: float
    eplb: float
    """One layer's expert slots, through which EPLB moves experts (``expert_location_updater.create_temp_buffers``)."""

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(vars(self).values())


def headroom(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
    """What one GPU is likely to need outside the pool. See the module for what is exact and what is not."""
    prefill = name is Role.PREFILL
    return Headroom(
        activations=1.5 * MIB * _activation_tokens(gpu, role) if prefill else 0.0,
        cuda_graphs=0.0 if prefill else _graph_bytes(gpu, role),
        communication=(512 + role.tp / 8 * 1024) * MIB,
        deepep=deepep_buffer_bytes(model, role),
        eplb=weight_parts(model, role).expert_slots / model.moe_layers if role.eplb.enabled else 0.0,
    )


def chunked_prefill_tokens(gpu: GpuSpec) -> int:
    """Tokens of SGLang's default prefill chunk, by GPU memory; DP attention cuts it into one share a group."""
    return 16384 if gpu.memory_bytes >= 160 * 1024 * MIB else 8192


def prefill_chunk(gpu: GpuSpec, role: RoleLayout) -> int:
    """Tokens of the role's prefill chunk, over all attention groups."""
    return role.chunked_prefill_size or chunked_prefill_tokens(gpu)


def _activation_tokens(gpu: GpuSpec, role: RoleLayout) -> int:
    """The chunk, as SGLang reserves for it. With DP attention a group's share of a larger one than the default, half.

    SGLang's published DEP32 prefill (sgl-project/sglang#6017) computes 16384 tokens a group with 0.15 of an H100
    outside the pool: 12.7 GB with all buffers, where 1.5 MiB a token would be 25.8.
    """
    chunk = prefill_chunk(gpu, role)
    return chunk if role.dp == 1 else max(chunked_prefill_tokens(gpu), chunk // role.dp // 2)


def graph_batch(gpu: GpuSpec, role: RoleLayout) -> int:
    """Requests of one rank in the largest captured CUDA graph; 0: none is, as in DeepEP's normal mode."""
    if role.deepep and role.deepep_mode is DeepEpMode.NORMAL:
        return 0
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    if role.deepep:
        return role.max_dispatch_tokens_per_rank
    return 256 if role.tp < 4 and gpu.memory_bytes < 160 * 1024 * MIB else 512


def _graph_bytes(gpu: GpuSpec, role: RoleLayout) -> float:
    """2 MiB a request; DP attention without DeepEP gathers the requests of all groups, padded, for 3 MiB each."""
    batch = graph_batch(gpu, role)
    gathered = batch * role.dp if role.dp > 1 and not role.deepep else 0
    return (2 * batch + (4.5 if batch > 300 else 3) * gathered) * MIB


def deepep_buffer_bytes(model: ModelShape, role: RoleLayout) -> float:
    """DeepEP's buffers on one GPU, 0 without DeepEP. They grow with ``maxDispatchTokensPerRank`` × (E + R)."""
    if not role.deepep:
        return 0.0
    normal = role.deepep_mode is not DeepEpMode.LOW_LATENCY and role.ep in NORMAL_KERNELS
    nvlink, rdma = _normal_bytes(model, role.ep) if normal else (0, 0)
    low_latency = 0 if role.deepep_mode is DeepEpMode.NORMAL else _low_latency_bytes(model, role)
    return nvlink + max(rdma, low_latency)


def _normal_bytes(model: ModelShape, ep: int) -> tuple[int, int]:
    """Buffers over NVLink and over RDMA: ``Config.get_nvl_buffer_size_hint`` and ``get_rdma_buffer_size_hint``."""
    nvl_tokens, rdma_tokens = NORMAL_KERNELS[ep]
    token = model.hidden_size * 2 + SOURCE_META + MAX_TOP_K * (8 + 4 + 4)
    nvlink = CHANNELS * min(ep, NVL_PEERS) * nvl_tokens * token
    rdma = CHANNELS * (ep // NVL_PEERS) * rdma_tokens * (token + 16) * 2 if ep > NVL_PEERS else 0
    return nvlink, rdma


def _low_latency_bytes(model: ModelShape, role: RoleLayout) -> int:
    """``LowLatencyLayout``: two send and two receive buffers, with room for every token at every expert slot."""
    slots = model.experts + role.redundant_experts
    scales = model.hidden_size // 128
    dispatched = 16 + max(2 * model.hidden_size, model.hidden_size + 4 * scales)
    combined = 4 * scales + 2 * model.hidden_size
    tokens = role.max_dispatch_tokens_per_rank
    receive = slots * tokens * max(dispatched, combined)
    send = tokens * max(dispatched, slots * combined)
    return 2 * (send + receive)
