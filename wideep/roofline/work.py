"""The work of one step on a worker's busiest resource: bytes and operations of one GPU."""

from __future__ import annotations

from typing import Final

from wideep.engines import engine_of
from wideep.memory import weight_parts
from wideep.memory.cache import kv_bytes_per_token
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = [
    "all_to_all_bytes",
    "decode_attention_flops",
    "kv_bytes_read",
    "linear_flops",
    "prefill_attention_flops",
    "weight_bytes_read",
]

FP8_SCALE_EVERY: Final = 128
DISPATCH_BYTES: Final = 1 + 4 / FP8_SCALE_EVERY
"""Bytes per hidden value that DeepEP dispatches: FP8, with one FP32 scale for every 128 values."""
COMBINE_BYTES: Final = 2
"""Bytes per hidden value that DeepEP returns: bf16."""


def weight_bytes_read(model: ModelShape, role: RoleLayout, tokens: float) -> float:
    """Return the bytes of weights that one GPU reads for a step of ``tokens`` tokens over the whole worker.

    Everything except the experts is read once. Of E experts, tokens that choose k of them evenly reach E × (1 − (1 − k
    / E)^tokens): the other slots are not read.
    """
    parts = weight_parts(model, role, engine_of().shares(role))
    reached = 1 - (1 - model.experts_per_token / model.experts) ** tokens
    embedding = 0.0 if model.tied_embeddings else parts.embedding
    return parts.total - parts.modules - embedding - parts.expert_slots * (1 - reached)


def linear_flops(model: ModelShape, role: RoleLayout, tokens: float) -> float:
    """Return the FLOPs of one GPU in all matrices except attention's scores, for ``tokens`` tokens over the whole
    worker.

    They are two per weight and token, shared evenly by the worker's GPUs. The lm_head is left out, because prefill runs
    it for one token only.
    """
    expert = 3 * model.hidden_size * model.expert_width
    experts = expert * (model.experts_per_token + model.shared_experts) * model.moe_layers
    dense = 3 * model.hidden_size * model.dense_width * model.dense_layers
    return 2 * (experts + dense + _attention_weights(model) * model.layers) * tokens / role.gpus_per_worker


def prefill_attention_flops(model: ModelShape, role: RoleLayout, prompts: float, isl: int) -> float:
    """Return the FLOPs of one GPU in the scores and values of ``prompts`` prompts over the whole worker, halved because
    attention is causal."""
    heads = model.attention.heads
    match model.attention:
        case Mla() as mla:
            widths = mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim
        case Gqa() as gqa:
            widths = 2 * gqa.head_dim
    return prompts * heads * widths * isl * isl * model.layers / role.gpus_per_worker


def decode_attention_flops(model: ModelShape, role: RoleLayout, requests: float, context: float) -> float:
    """Return the FLOPs of one GPU in the scores and values of ``requests`` requests over the whole worker.

    MLA compares each head with the cached latent vector itself, which is wider than a head.
    """
    match model.attention:
        case Mla() as mla:
            widths = 2 * mla.kv_lora_rank + mla.qk_rope_head_dim
        case Gqa() as gqa:
            widths = 2 * gqa.head_dim
    return 2 * requests * context * model.attention.heads * widths * model.layers / role.gpus_per_worker


def kv_bytes_read(model: ModelShape, role: RoleLayout, batch: int, context: float) -> float:
    """Return the bytes of KV cache that one GPU reads for a decode step of ``batch`` requests in its attention
    group."""
    return batch * context * kv_bytes_per_token(model, role)


def all_to_all_bytes(
    model: ModelShape, role: RoleLayout, tokens: float, *, reach: int, once_a_node: bool
) -> tuple[float, float]:
    """Return the bytes that one GPU sends over NVLink and over RDMA, for ``tokens`` of its own tokens, in all layers.

    A token goes to k experts; ``reach`` of the worker's GPUs are reached over NVLink. Low-latency kernels send one copy
    to each expert. The normal kernels send one copy to each other node (``once_a_node``), whose GPUs pass it on, and
    one to each GPU of their own node that has one of the experts.
    """
    if not role.deepep or role.ep == 1:
        return 0.0, 0.0
    k, ep, nodes = model.experts_per_token, role.ep, -(-role.ep // reach)
    copy = model.hidden_size * (DISPATCH_BYTES + COMBINE_BYTES) * model.moe_layers * tokens
    if not once_a_node:
        return copy * k * (reach - 1) / ep, copy * k * (ep - reach) / ep
    own_node = (reach - 1) * (1 - (1 - 1 / ep) ** k)
    other_nodes = (nodes - 1) * (1 - (1 - 1 / nodes) ** k)
    return copy * own_node, copy * other_nodes


def _attention_weights(model: ModelShape) -> float:
    """Return the number of weights in one layer's attention projections, which each token goes through."""
    match model.attention:
        case Mla() as mla:
            query = mla.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim)
            down = model.hidden_size * (mla.q_lora_rank or 0)
            up = (mla.q_lora_rank or model.hidden_size) * query
            kv = model.hidden_size * (mla.kv_lora_rank + mla.qk_rope_head_dim)
            kv_up = mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)
            return down + up + kv + kv_up + mla.heads * mla.v_head_dim * model.hidden_size
        case Gqa() as gqa:
            return 2 * model.hidden_size * gqa.head_dim * (gqa.heads + gqa.kv_heads)
