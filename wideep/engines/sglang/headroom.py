"""What a worker needs outside its pool: activations, CUDA graphs, buffers, a draft model.

DeepEP's buffers and the low-latency tensors are exact. The rest is an estimate from the model's shape, held against
layouts that are known to run and to fail (``tests/unit/test_field_memory.py``). The CUDA context and NCCL's
communicators are not counted: they are gone before the engine takes its share (``GpuSpec.free_before_load``).
"""

from __future__ import annotations

from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.engines.sglang.draft import draft_bytes
from wideep.engines.sglang.pool import worker_memory
from wideep.engines.sglang.requests import most_requests, request_table_bytes
from wideep.gpus.spec import GIB
from wideep.memory.cache import layer_kv_bytes
from wideep.memory.deepep import deepep_buffer_bytes, dispatched_row_bytes, low_latency_tensor_bytes
from wideep.memory.headroom import Headroom
from wideep.memory.weights import BF16, expert_bytes
from wideep.parallelism import attention_tp, expert_slots_per_gpu, expert_tp
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = ["graph_batch", "headroom", "prefill_chunk"]

MIB: Final = 2**20
RUNTIME: Final = 512 * MIB
"""What SGLang reserves for its attention kernels and the like (``ServerArgs._handle_gpu_memory_settings``)."""
GRAPH: Final = 2 * MIB
"""What it reserves for a request of the largest captured batch."""
HIDDEN_COPIES: Final = 4
"""Of a token's hidden values in bf16: residual, input and output of a layer, and one in flight."""
SLACK: Final = 1.5
"""What the allocator holds beside the tensors that are alive."""
GATHERED_SLACK: Final = 2.0
"""The same where CUDA graphs of many batch sizes keep their tensors."""
UNCAPTURED: Final = 512
"""Requests of one rank that are taken for the largest batch where no CUDA graph is captured."""
DEEPEP_DECODE_RESERVE: Final = 12 * GIB
"""What newer SGLang keeps of a GPU for decode with DeepEP, context and communicators included: never less than 10 GiB
of a GPU of more than 60, and 2 more for its CUDA graphs (0.5.21's own choice of ``--mem-fraction-static``)."""


def headroom(model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
    """What one GPU is likely to need outside the pool. See the module for what is exact and what is not."""
    memory = worker_memory(model, gpu, role)
    requests = most_requests(model, name, role, memory.kv_cache_tokens)
    decode = name is Role.DECODE
    low_latency = decode and role.low_latency
    return Headroom(
        runtime=RUNTIME,
        requests=request_table_bytes(model, role, requests),
        activations=_decode_bytes(model, role, graph_batch(gpu, role) or min(requests, UNCAPTURED))
        if decode
        else _prefill_bytes(model, gpu, role),
        cuda_graphs=GRAPH * graph_batch(gpu, role) if decode else 0.0,
        dispatched=low_latency_tensor_bytes(model, role) if decode else 0.0,
        deepep=deepep_buffer_bytes(model, role),
        eplb=expert_bytes(model, expert_tp(role)) * expert_slots_per_gpu(model, role) if role.eplb.enabled else 0.0,
        draft=draft_bytes(model, role, memory.kv_cache_tokens, requests, layer_kv_bytes(model, role)),
        least=max(0.0, DEEPEP_DECODE_RESERVE - memory.total_bytes + memory.free_bytes) if low_latency else 0.0,
    )


def prefill_chunk(gpu: GpuSpec, role: RoleLayout | None = None) -> int:
    """Tokens of the role's prefill chunk, over all attention groups; SGLang's default goes by the GPU's memory."""
    default = 16384 if gpu.memory_bytes >= 160 * 1024 * MIB else 8192
    return (role and role.chunked_prefill_size) or default


def graph_batch(gpu: GpuSpec, role: RoleLayout) -> int:
    """Requests of one rank in the largest captured CUDA graph; 0: none is, as in DeepEP's normal mode."""
    if role.deepep and role.deepep_mode is DeepEpMode.NORMAL:
        return 0
    if role.cuda_graph_batch_sizes is not None:
        return max(role.cuda_graph_batch_sizes, default=0)
    if role.deepep:
        return role.max_dispatch_tokens_per_rank // role.tokens_per_request
    return 256 if role.tp < 4 and gpu.memory_bytes < 160 * 1024 * MIB else 512


def _prefill_bytes(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> float:
    """Activations of one chunk. Attention holds queries, keys and values of the group's own tokens, the experts all
    that are gathered: with DeepEP what was sent to a GPU, evenly spread, else the tokens of all groups.
    """
    chunk = prefill_chunk(gpu, role)
    own = chunk // role.dp
    attention = own * _attention_bytes(model, role)
    experts = (
        own * model.experts_per_token * dispatched_row_bytes(model) if role.deepep else _routed(model, role, chunk)
    )
    return SLACK * (own * HIDDEN_COPIES * BF16 * model.hidden_size + max(attention, experts))


def _decode_bytes(model: ModelShape, role: RoleLayout, batch: int) -> float:
    """Activations of the largest batch. Where groups share dense layers, experts or lm_head, each GPU has the
    padded batches of all of them, and their logits.
    """
    own = batch * role.tokens_per_request
    everyone = own * role.dp
    gathers = role.dp > 1 and not (role.deepep and (role.moe_dense_tp or not model.dense_layers))
    logits = (own if role.dp == 1 or role.dp_lm_head else everyone) * model.vocab_size * BF16 * 2
    experts = 0.0 if role.deepep else _routed(model, role, everyone)
    hidden = (everyone if gathers else own) * HIDDEN_COPIES * BF16 * model.hidden_size
    return GATHERED_SLACK * (logits + experts + hidden)


def _routed(model: ModelShape, role: RoleLayout, tokens: int) -> float:
    """The experts' tensors without DeepEP: each of a token's k copies with gate, up, their product and the result."""
    return tokens * model.experts_per_token * (3 * model.expert_width / expert_tp(role) + model.hidden_size) * BF16


def _attention_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Queries, keys, values and result of one token of one layer, of a GPU's share of the heads."""
    match model.attention:
        case Mla() as mla:
            widths = mla.heads * 2 * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim)
        case Gqa() as gqa:
            widths = 2 * (gqa.heads + gqa.kv_heads) * gqa.head_dim
    return widths / attention_tp(role) * BF16
