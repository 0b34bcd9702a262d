"""Memory of one GPU of a vLLM worker: its pool, and what vLLM subtracts from its share before it sizes the KV cache.

The share is a fraction of the whole GPU (``--gpu-memory-utilization``), and that much memory must be free after the
context and NCCL have allocated theirs. vLLM runs one batch of ``--max-num-batched-tokens`` and subtracts from the share
what it needed in addition to the weights: activations by PyTorch's peak, and all memory that the driver has allocated
since NCCL's initialization, including DeepEP's buffers (``Worker.determine_available_memory``, ``memory_profiling``);
from 0.20.1 on also CUDA graphs, which it captures as a trial. The rest is the KV cache. That NCCL is initialized first
was read in the wheels of 0.16 to 0.31; before vllm-project/vllm#25359 its memory counted as the batch's. The sizes of
DeepEP's low-latency buffers are exact, and the experts' workspaces have the widths that vLLM gives them; other
activations and CUDA graphs are estimates from the model's shape.
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
"""Bytes of the buffer over NVLink; the high-throughput kernels have a second one over RDMA
(``VLLM_DEEPEP_BUFFER_SIZE_MB``)."""
LARGEST_GRAPH: Final = 512
GRAPHS_COUNTED: Final = (0, 20, 1)
"""From this version on, CUDA graphs are subtracted from the share (``VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS``)."""
IN_PLACE: Final = (0, 19, 0)
"""From this version on, the sampler filters the logits in place instead of sorting them, and the experts compute all
tokens of a step at once (read in the wheels of 0.16 to 0.31)."""
MOE_CHUNK: Final = 32_768
"""Tokens whose experts are computed at once in earlier versions (``VLLM_FUSED_MOE_CHUNK_SIZE``; 0.16 has 16,384)."""
SAMPLED: Final = 14
"""Bytes per logit while vLLM's trial samples every request that may run: in bf16, in FP32, as a probability, and the
noise (``v1/sample``)."""
SORTED: Final = 30
"""The same for versions that sort: in bf16 and FP32, sorted with their indices (12), and as much again for the sort."""


def shares(role: RoleLayout) -> Shares:
    """Return the sharding of weights: each attention group holds the whole model except for the experts."""
    group = attention_tp(role)
    sequence_parallel = role.ep > 1 and role.dp > 1  # ``use_sequence_parallel_moe``: each GPU has its own tokens
    return Shares(
        embedding=group,
        lm_head=group,
        shared_expert=1 if sequence_parallel else group,
        dense_layers=group,
        fewer="use a greater dp, so that fewer GPUs (tp / dp) share them",
    )


def worker_memory(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout, version: str) -> GpuMemory:
    """Return the memory of each GPU of a worker."""
    outside = headroom(model, name, role, version)
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


def headroom(model: ModelShape, name: Role, role: RoleLayout, version: str) -> Headroom:
    """Return what one GPU is likely to need besides weights and cache; it does not depend on the cache's size."""
    tokens = batched_tokens(name, role)
    decode = name is Role.DECODE
    return Headroom(
        activations=_activations(model, role, tokens, version) + _logits(model, most_requests(name, role), version),
        cuda_graphs=GRAPH * graph_batch(name, role) if decode else 0.0,
        dispatched=low_latency_tensor_bytes(model, role) if decode else 0.0,
        deepep=_deepep(model, name, role),
        eplb=expert_bytes(model, expert_tp(role)) * expert_slots_per_gpu(model, role) if role.eplb.enabled else 0.0,
    )


def graph_batch(name: Role, role: RoleLayout) -> int:
    """Return the requests per rank in the largest captured CUDA graph; 0 if none is captured."""
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    return min(LARGEST_GRAPH, most_requests(name, role))


def _deepep(model: ModelShape, name: Role, role: RoleLayout) -> float:
    if not role.deepep:
        return 0.0
    if name is Role.DECODE and role.low_latency:
        return DEEPEP_BUFFER + low_latency_buffer_bytes(model, role)
    return DEEPEP_BUFFER * (2 if role.nodes > 1 else 1)


def _activations(model: ModelShape, role: RoleLayout, tokens: int, version: str) -> float:
    """Return the bytes of activations of the batch that vLLM measures: attention for a rank's own tokens, and the
    experts for the tokens that reach them.

    Without DeepEP, each rank gathers the tokens of all ranks.
    """
    hidden = tokens * HIDDEN_COPIES * BF16 * model.hidden_size
    attention = tokens * attention_row_bytes(model, role)
    if role.deepep:
        experts = 0.0 if role.low_latency else tokens * model.experts_per_token * dispatched_row_bytes(model)
        return SLACK * (hidden + max(attention, experts))
    everyone = tokens * role.dp
    gathered = everyone * 2 * BF16 * model.hidden_size if role.dp > 1 else 0.0
    at_once = everyone if is_from(version, *IN_PLACE) else min(everyone, MOE_CHUNK)
    return hidden + max(attention, gathered + at_once * _expert_row_bytes(model, role))


def _expert_row_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of one token's two expert workspaces, each as wide as the wider of the tensors kept in it, and
    of its result (``workspace_shapes`` of ``fused_moe``). The workspaces have room for experts of other ranks too."""
    width = model.expert_width / expert_tp(role)
    workspaces = max(width, model.hidden_size) + max(2 * width, model.hidden_size)
    return (model.experts_per_token * workspaces + model.hidden_size) * BF16


def _logits(model: ModelShape, requests: int, version: str) -> float:
    """Return the bytes of the logits of every request that may run: vLLM samples that many when it measures."""
    return (SAMPLED if is_from(version, *IN_PLACE) else SORTED) * requests * model.vocab_size
