"""One GPU of a worker: pool, weights, KV cache, headroom."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.catalog.gpus import GpuSpec
from wideep.memory.cache import kv_bytes_per_token
from wideep.memory.weights import WeightParts, weight_parts
from wideep.parallelism import attention_tp, expert_slots_per_gpu
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["GpuMemory", "worker_memory"]


@dataclass(frozen=True)
class GpuMemory:
    """One GPU of a worker; all of a worker's GPUs are alike. The pool holds weights and KV cache."""

    total_bytes: float
    pool_bytes: float
    """Memory × memFractionStatic."""
    parts: WeightParts
    kv_bytes_per_token: float
    expert_slots_per_gpu: int

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
        """Whole tokens whose keys and values fit on this GPU."""
        return max(0, int(self.kv_cache_bytes // self.kv_bytes_per_token))

    @property
    def pool_gb(self) -> float:
        """As ``pool_bytes``."""
        return self.pool_bytes / 1e9

    @property
    def headroom_gb(self) -> float:
        """Outside the pool: activations, CUDA graphs, buffers (``wideep.memory.headroom`` says what they need)."""
        return (self.total_bytes - self.pool_bytes) / 1e9


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Memory of each GPU of a worker. The layout's divisions must be exact (``wideep.rules``)."""
    return GpuMemory(
        total_bytes=gpu.memory_bytes,
        pool_bytes=gpu.memory_bytes * role.mem_fraction_static,
        parts=weight_parts(model, role),
        kv_bytes_per_token=kv_bytes_per_token(model, attention_tp(role)),
        expert_slots_per_gpu=expert_slots_per_gpu(model, role),
    )
