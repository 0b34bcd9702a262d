"""Memory of one GPU of a TensorRT-LLM worker: weights, a trial step, and the cache in a share of the remainder.

``free_gpu_memory_fraction`` applies to the memory that remains after the weights, the CUDA graphs and the peak of a
step of ``max_num_tokens`` (``KvCacheCreator`` of ``_torch/pyexecutor/_util.py``; in a public log of 1.1.0rc3, (119.70 -
113.65 + 0.56) × 0.9 = 5.95 GiB). SGLang's share, in contrast, applies to the memory before the weights, and vLLM's to
the whole GPU. The rest of the remainder holds the transceiver's buffers, which are allocated later: one for sending and
one for receiving, each of ``max_tokens_in_buffer`` tokens (``CacheTransBufferManager::preAllocBufferSize``).
Activations and graphs are estimates from the model's shape and were not compared with a run.
"""

from __future__ import annotations

from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.engines.trtllm.config import largest_step, longest_sequence, most_requests
from wideep.gpus.spec import GIB
from wideep.memory.activations import GRAPH, HIDDEN_COPIES, SLACK, attention_row_bytes
from wideep.memory.cache import kv_bytes_per_token
from wideep.memory.deepep import deepep_buffer_bytes, low_latency_tensor_bytes
from wideep.memory.headroom import Headroom
from wideep.memory.weights import BF16, Shares, expert_slot_bytes, weight_parts
from wideep.memory.worker import GpuMemory
from wideep.parallelism import expert_slots_per_gpu, expert_tp
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["balancer_bytes", "graph_batch", "headroom", "shares", "transfer_bytes", "worker_memory"]

PAGE: Final = 32
BUFFERS: Final = 2
"""One buffer for sending and one for receiving."""
ABSORBED: Final = 1.0
"""Additional bytes per element of kv_b: ``k_b_proj_trans`` is a copy of half of the elements in bf16, and ``v_b_proj``
is a view of the other half (``_torch/modules/attention.py``). With FP8 weights it is less on Hopper, and 1.5 more on
Blackwell."""
FP32: Final = 4


def shares(role: RoleLayout) -> Shares:
    """Return the sharding: with attention data parallelism, each GPU holds the whole model except for experts."""
    cut = 1 if role.dp > 1 else role.tp
    return Shares(
        embedding=cut,
        lm_head=cut,
        shared_expert=cut,
        dense_layers=cut,
        fewer=f"set dp: {role.tp}, so that each GPU has all of them",
        absorbed=ABSORBED,
    )


def worker_memory(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
    """Return the memory of each GPU of a worker."""
    parts = weight_parts(model, role, shares(role))
    free = gpu.free_before_load(role.gpus_per_worker).gib * GIB
    peak = _activations(model, name, role) + _graphs(name, role)
    left, fraction = free - parts.total - peak, role.mem_fraction_static
    pool = parts.total + left * (fraction if left > 0 else 1.0)
    share = f"the weights and {fraction:g} × {left / 1e9:.1f}" if left > 0 else f"{free / 1e9:.1f} - {peak / 1e9:.1f}"
    return GpuMemory(
        total_bytes=gpu.memory_bytes,
        free_bytes=free,
        pool_bytes=pool,
        pool_sum=f"{share} = {pool / 1e9:.1f} GB",
        pool_of=f"a step and CUDA graphs take {peak / 1e9:.1f} of {free / 1e9:.1f} GB first",
        parts=parts,
        kv_bytes_per_token=kv_bytes_per_token(model, role),
        page_size=role.page_size or PAGE,
        expert_slots_per_gpu=expert_slots_per_gpu(model, role),
    )


def headroom(model: ModelShape, name: Role, role: RoleLayout) -> Headroom:
    """Return what one GPU is likely to need in addition to weights and cache."""
    return Headroom(
        activations=_activations(model, name, role),
        cuda_graphs=_graphs(name, role),
        dispatched=low_latency_tensor_bytes(model, role) if name is Role.DECODE else 0.0,
        deepep=deepep_buffer_bytes(model, role),
        transfer=transfer_bytes(model, role),
    )


def transfer_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of the buffers through which the cache of a prompt is sent and received."""
    return BUFFERS * longest_sequence(role, model) * kv_bytes_per_token(model, role)


def balancer_bytes(model: ModelShape) -> float:
    """Return the bytes of all experts of the model in the node's shared memory, from which the balancer copies them to
    the GPUs (``examples/wide_ep``): 368 GB for R1 in NVFP4."""
    return expert_slot_bytes(model) * model.experts


def graph_batch(name: Role, role: RoleLayout) -> int:
    """Return the requests per rank in the largest captured CUDA graph; 0 if none is captured."""
    if name is Role.PREFILL:
        return 0
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    return most_requests(name, role)


def _graphs(name: Role, role: RoleLayout) -> float:
    return GRAPH * graph_batch(name, role)


def _activations(model: ModelShape, name: Role, role: RoleLayout) -> float:
    """Return the bytes of the largest step: attention for a rank's own tokens, experts for those that reach it."""
    tokens = largest_step(name, role)
    hidden = tokens * HIDDEN_COPIES * BF16 * model.hidden_size
    attention = tokens * attention_row_bytes(model, role)
    width = 3 * model.expert_width / expert_tp(role) + model.hidden_size
    gathered = tokens * role.dp * 2 * BF16 * model.hidden_size if role.dp > 1 and not role.deepep else 0.0
    experts = gathered + tokens * model.experts_per_token * width * BF16
    return SLACK * (hidden + max(attention, experts)) + 2 * FP32 * most_requests(name, role) * model.vocab_size
