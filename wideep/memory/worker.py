"""The memory of one GPU of a worker: pool, weights, KV cache and headroom."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.catalog.gpus import GpuSpec
from wideep.engines import engine_of
from wideep.memory.weights import WeightParts
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["GpuMemory", "worker_memory"]


@dataclass(frozen=True)
class GpuMemory:
    """The memory of one GPU of a worker, the same for all of its GPUs. The pool holds weights and KV cache."""

    total_bytes: float
    free_bytes: float
    """Free memory when the engine takes its share: without the CUDA context and NCCL's communicators."""
    pool_bytes: float
    """What the engine takes for weights and KV cache, according to memFractionStatic."""
    parts: WeightParts
    kv_bytes_per_token: float
    page_size: int
    expert_slots_per_gpu: int
    pool_sum: str
    """The computation of the pool: ``0.8 × 147.4 = 117.9 GB``."""
    pool_of: str
    """What the share applies to: ``150.1 GB, of which CUDA and NCCL take 2.7 first``."""

    @property
    def weights_gb(self) -> float:
        """All weights on the GPU, in GB."""
        return self.parts.total / 1e9

    @property
    def kv_cache_bytes(self) -> float:
        """What the weights leave of the pool; negative if they do not fit."""
        return self.pool_bytes - self.parts.total

    @property
    def kv_cache_gb(self) -> float:
        """``kv_cache_bytes`` in GB."""
        return self.kv_cache_bytes / 1e9

    @property
    def kv_cache_tokens(self) -> int:
        """Tokens whose keys and values fit on this GPU, in whole pages."""
        tokens = int(self.kv_cache_bytes // self.kv_bytes_per_token)
        return max(0, tokens // self.page_size * self.page_size)

    @property
    def free_gb(self) -> float:
        """``free_bytes`` in GB."""
        return self.free_bytes / 1e9

    @property
    def taken_gb(self) -> float:
        """GB in use before the engine takes its share: the CUDA context and NCCL's communicators."""
        return (self.total_bytes - self.free_bytes) / 1e9

    @property
    def headroom_gb(self) -> float:
        """GB outside the pool, for activations, CUDA graphs and buffers (see ``wideep.memory.headroom``)."""
        return (self.free_bytes - self.pool_bytes) / 1e9


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Return the memory of each GPU of a decode worker on the default engine (for other engines, ``Engine.memory``)."""
    return engine_of().memory(model, gpu, Role.DECODE, role)
