"""One GPU of a vLLM worker: its pool, and what vLLM takes out of its share before it sizes the KV cache.

The share is of the whole GPU (``--gpu-memory-utilization``), and what is free must be as much: the context and NCCL
have theirs by then. vLLM runs one batch of ``--max-num-batched-tokens``, and what that took beside the weights comes
out of the share: activations by PyTorch's peak, and all that the driver has given away since NCCL stood, DeepEP's
buffers among it (``Worker.determine_available_memory``, ``memory_profiling``); from 0.20.1 on CUDA graphs too, which it
captures for a try. The rest is the KV cache. DeepEP's low-latency buffers are exact; activations and CUDA graphs are
estimates from the model's shape, which no run was held against here.
"""

from __future__ import annotations

from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.engines.parser import is_from
from wideep.engines.vllm.command import batched_tokens, most_requests
from wideep.gpus.spec import GIB, MIB
from wideep.memory.activations import GRAPH, HIDDEN_COPIES, SLACK, attention_row_bytes
from wideep.memory.cache import kv_bytes_per_token
from wideep.memory.deepep import dispatched_row_bytes, low_latency_buffer_bytes, low_latency_tensor_bytes
from wideep.memory.headroom import Headroom
from wideep.memory.weights import BF16, Shares, expert_bytes, weight_parts
from wideep.memory.worker import GpuMemory
from wideep.parallelism import attention_tp, expert_slots_per_gpu, expert_tp
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import Mla, ModelShape

__all__ = ["graph_batch", "headroom", "shares", "worker_memory"]

DEEPEP_BUFFER: Final = 1024 * MIB
"""Over NVLink, and of the high-throughput kernels once more over RDMA (``VLLM_DEEPEP_BUFFER_SIZE_MB``)."""
LARGEST_GRAPH: Final = 512
GRAPHS_COUNTED: Final = (0, 20, 1)
"""From here on CUDA graphs come out of the share (``VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS``)."""
MOE_CHUNK: Final = 32_768
"""Tokens whose experts are computed at once (``VLLM_FUSED_MOE_CHUNK_SIZE``)."""
FP32: Final = 4


def shares(role: RoleLayout) -> Shares:
    """Each attention group is a whole model but for the experts."""
    group = attention_tp(role)
    sequence_parallel = role.ep > 1 and role.dp > 1  # ``use_sequence_parallel_moe``: each GPU has tokens of its own
    return Shares(
        embedding=group,
        lm_head=group,
        shared_expert=1 if sequence_parallel else group,
        dense_layers=group,
        fewer="use a greater dp, so that fewer GPUs (tp / dp) share them",
    )


def worker_memory(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout, version: str) -> GpuMemory:
    """Memory of each GPU of a worker."""
    outside = headroom(model, name, role)
    measured = outside.total - (0.0 if is_from(version, *GRAPHS_COUNTED) else outside.cuda_graphs)
    pool = gpu.memory_bytes * role.mem_fraction_static - measured
    return GpuMemory(
        total_bytes=gpu.memory_bytes,
        free_bytes=gpu.free_before_load(role.gpus_per_worker).gib * GIB,
        pool_bytes=pool,
        pool_sum=f"{role.mem_fraction_static:g} × {gpu.memory_gb:.1f} - {measured / 1e9:.1f} = {pool / 1e9:.1f} GB",
        pool_of="activations, graphs and buffers come out of vLLM's share",
        parts=weight_parts(model, role, shares(role)),
        kv_bytes_per_token=kv_bytes_per_token(model, role),
        page_size=role.page_size or (64 if isinstance(model.attention, Mla) else 16),
        expert_slots_per_gpu=expert_slots_per_gpu(model, role),
    )


def headroom(model: ModelShape, name: Role, role: RoleLayout) -> Headroom:
    """What one GPU is likely to need beside weights and cache. Nothing of it depends on the cache's size."""
    tokens = batched_tokens(name, role)
    decode = name is Role.DECODE
    return Headroom(
        runtime=0.0,
        requests=0.0,
        activations=_activations(model, role, tokens) + _logits(model, most_requests(name, role)),
        cuda_graphs=GRAPH * graph_batch(name, role) if decode else 0.0,
        dispatched=low_latency_tensor_bytes(model, role) if decode else 0.0,
        deepep=_deepep(model, name, role),
        eplb=expert_bytes(model, expert_tp(role)) * expert_slots_per_gpu(model, role) if role.eplb.enabled else 0.0,
        draft=0.0,
        least=0.0,
    )


def graph_batch(name: Role, role: RoleLayout) -> int:
    """Requests of one rank in the largest captured CUDA graph; 0: none is."""
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    return min(LARGEST_GRAPH, most_requests(name, role))


def _deepep(model: ModelShape, name: Role, role: RoleLayout) -> float:
    if not role.deepep:
        return 0.0
    if name is Role.DECODE and role.low_latency:
        return DEEPEP_BUFFER + low_latency_buffer_bytes(model, role)
    return DEEPEP_BUFFER * (2 if role.nodes > 1 else 1)


def _activations(model: ModelShape, role: RoleLayout, tokens: int) -> float:
    """Of the batch that vLLM measures: attention of a rank's own tokens, and the experts' of those that reach it.

    Without DeepEP each rank has gathered the tokens of all, and computes the experts chunk by chunk.
    """
    hidden = tokens * HIDDEN_COPIES * BF16 * model.hidden_size
    attention = tokens * attention_row_bytes(model, role)
    if role.deepep:
        experts = 0.0 if role.low_latency else tokens * model.experts_per_token * dispatched_row_bytes(model)
        return SLACK * (hidden + max(attention, experts))
    everyone = tokens * role.dp
    gathered = everyone * 2 * BF16 * model.hidden_size if role.dp > 1 else 0.0
    width = 3 * model.expert_width / expert_tp(role) + model.hidden_size
    experts = min(everyone, MOE_CHUNK) * model.experts_per_token * width * BF16
    return SLACK * (hidden + max(attention, gathered + experts))


def _logits(model: ModelShape, requests: int) -> float:
    """Of every request that may run, as the sampler has them: twice in FP32."""
    return 2 * FP32 * requests * model.vocab_size
