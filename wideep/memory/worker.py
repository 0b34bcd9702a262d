"""One GPU of a worker: pool, weights, KV cache, headroom."""

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
    """One GPU of a worker; all of a worker's GPUs are alike. The pool holds weights and KV cache."""

    total_bytes: float
    free_bytes: float
    """Free when the engine takes its share: without the CUDA context and NCCL's communicators."""
    pool_bytes: float
    """What the engine takes for weights and KV cache, by memFractionStatic."""
    parts: WeightParts
    kv_bytes_per_token: float
    page_size: int
    expert_slots_per_gpu: int
    pool_sum: str
    """How the pool was worked out: ``0.8 × 147.4 = 117.9 GB``."""
    pool_of: str
    """Of what its share is: ``150.1 GB, of which CUDA and NCCL take 2.7 first``."""

    @property
    def weights_gb(self) -> float:
        """All weights on the GPU."""
        return self.parts.total / 1e9

    @property
    def kv_cache_bytes(self) -> float:
        """What the weights leave of the pool; negative when they do not fit."""
        return self.pool_bytes - self.parts.total

    @property
    def kv_cache_gb(self) -> float:
        """As ``kv_cache_bytes``."""
        return self.kv_cache_bytes / 1e9

    @property
    def kv_cache_tokens(self) -> int:
        """Tokens whose keys and values fit on this GPU, in whole pages."""
        tokens = int(self.kv_cache_bytes // self.kv_bytes_per_token)
        return max(0, tokens // self.page_size * self.page_size)

    @property
    def free_gb(self) -> float:
        """As ``free_bytes``."""
        return self.free_bytes / 1e9

    @property
    def taken_gb(self) -> float:
        """Gone before the engine takes its share: the CUDA context and NCCL's communicators."""
        return (self.total_bytes - self.free_bytes) / 1e9

    @property
    def headroom_gb(self) -> float:
        """Outside the pool: activations, CUDA graphs, buffers (``wideep.memory.headroom`` says what they need)."""
        return (self.free_bytes - self.pool_bytes) / 1e9


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Memory of each GPU of a worker, on the engine that a stack gets which names none (else ``Engine.memory``)."""
    return engine_of().memory(model, gpu, Role.DECODE, role)
