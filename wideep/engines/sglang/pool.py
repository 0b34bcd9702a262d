"""SGLang's pool: its size, and what it leaves for the KV cache."""

from __future__ import annotations

from wideep.catalog.gpus import GpuSpec
from wideep.gpus.spec import GIB
from wideep.memory.cache import kv_bytes_per_token
from wideep.memory.weights import weight_parts
from wideep.memory.worker import GpuMemory
from wideep.parallelism import expert_slots_per_gpu, stages_of
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["worker_memory"]


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Memory of each GPU of a worker, of the stage with the fewest tokens where it has several.

    SGLang's pool is what is free after the load less (1 - f) of what was free before it
    (``ModelRunner.profile_max_num_token``). The layout's divisions must be exact (``wideep.rules``).
    """
    free = gpu.free_before_load(role.gpus_per_worker).gib * GIB
    stages = (
        GpuMemory(
            total_bytes=gpu.memory_bytes,
            free_bytes=free,
            pool_bytes=free * role.mem_fraction_static,
            parts=weight_parts(model, role, stage),
            kv_bytes_per_token=kv_bytes_per_token(model, role, stage),
            page_size=role.page_size or 1,
            expert_slots_per_gpu=expert_slots_per_gpu(model, role),
        )
        for stage in stages_of(model, role)
    )
    return min(stages, key=lambda memory: memory.kv_cache_bytes / memory.kv_bytes_per_token)
