"""GPU memory of a worker, part by part: the weights, what is left for the KV cache, and what stays outside the pool.

    total ┬─ free ┬─ pool (memFractionStatic) ┬─ weights: expert slots, attention, …      wideep.memory.weights
          │       │                           └─ KV cache                                 wideep.memory.cache
          │       └─ headroom: activations, CUDA graphs, DeepEP's buffers, a draft model  wideep.memory.headroom
          └─ taken before: CUDA context, NCCL's communicators                             wideep.gpus

Everything is computed from the model's shape and the layout, not looked up in a table of sizes. GB are decimal.
"""

from wideep.memory.cache import kv_bytes_per_token
from wideep.memory.deepep import deepep_buffer_bytes, low_latency_tensor_bytes
from wideep.memory.headroom import Headroom, headroom
from wideep.memory.weights import WeightParts, expert_slot_bytes, weight_parts
from wideep.memory.worker import GpuMemory, worker_memory

__all__ = [
    "GpuMemory",
    "Headroom",
    "WeightParts",
    "deepep_buffer_bytes",
    "expert_slot_bytes",
    "headroom",
    "kv_bytes_per_token",
    "low_latency_tensor_bytes",
    "weight_parts",
    "worker_memory",
]
