"""Bytes of weights on one GPU, by part.

What shards a part decides its size: expert parallelism the experts, an attention group (tp / dp) the attention, all of
tp the rest. Under DP attention and DeepEP several parts are not sharded at all but lie on every GPU. The rules for
that are SGLang 0.5.3.post2's model classes (``deepseek_v2.py``, ``qwen3_moe.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep.parallelism import attention_tp, expert_slots_per_gpu, expert_tp
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape, WeightFormat

__all__ = ["BF16", "WeightParts", "expert_slot_bytes", "model_bytes", "weight_parts"]

BF16: Final = 2.0
LINEAR: Final = {
    WeightFormat.FP8_BLOCK: 1 + 4 / (128 * 128),  # one FP32 scale a block of 128 × 128
    WeightFormat.FP8_CHANNEL: 1.0,  # a scale a channel: 4 bytes for thousands of weights
    WeightFormat.BF16: BF16,
    WeightFormat.MXFP4: BF16,
}
"""Bytes a weight of a linear layer outside the experts."""
EXPERT: Final = LINEAR | {WeightFormat.MXFP4: 4 / 8 + 1 / 32}
"""Bytes a weight of an expert. MXFP4: 4 bits, and one scale byte for 32 weights."""


@dataclass(frozen=True)
class WeightParts:
    """Bytes of weights on one GPU."""

    expert_slots: float
    attention: float
    attention_replicated: float
    """Projections down to MLA's low ranks (q_a, kv_a): no sharding cuts them."""
    embedding: float
    lm_head: float
    shared_expert: float
    dense_layers: float
    router: float

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(vars(self).values())


def expert_slot_bytes(model: ModelShape) -> float:
    """One expert slot over all MoE layers: the gate, up and down projections of each."""
    return 3 * model.hidden_size * model.expert_width * model.moe_layers * EXPERT[model.weight_format]


def weight_parts(model: ModelShape, role: RoleLayout) -> WeightParts:
    """Weights on each GPU of a worker. The layout's divisions must be exact (``wideep.rules``)."""
    linear = LINEAR[model.weight_format]
    sharded, replicated = _attention(model, linear, attention_tp(role))
    vocabulary = model.vocab_size * model.hidden_size * BF16
    shared = 3 * model.hidden_size * model.expert_width * model.shared_experts * model.moe_layers * linear
    dense = 3 * model.hidden_size * model.dense_width * model.dense_layers * linear
    return WeightParts(
        expert_slots=expert_slot_bytes(model) * expert_slots_per_gpu(model, role) / expert_tp(role),
        attention=sharded,
        attention_replicated=replicated,
        embedding=vocabulary if role.dp > 1 else vocabulary / role.tp,
        lm_head=0.0 if model.tied_embeddings else vocabulary / (attention_tp(role) if role.dp_lm_head else role.tp),
        shared_expert=shared if role.deepep else shared / role.tp,
        dense_layers=dense / (role.moe_dense_tp or role.tp),
        router=model.experts * model.hidden_size * BF16 * model.moe_layers,
    )


def model_bytes(model: ModelShape) -> float:
    """All weights that are loaded, once: what a worker of one GPU would hold."""
    whole = RoleLayout(replicas=1, nodes=1, gpus_per_node=1, tp=1, dp=1, ep=1)
    return weight_parts(model, whole).total


def _attention(model: ModelShape, linear: float, tp: int) -> tuple[float, float]:
    """Attention of all layers on one of ``tp`` GPUs: the part that is sharded, and the one that is not."""
    match model.attention:
        case Mla() as mla:
            sharded, replicated = _mla(mla, model.hidden_size, linear, tp)
        case Gqa() as gqa:
            q_and_o = 2 * model.hidden_size * gqa.heads * gqa.head_dim / tp
            k_and_v = 2 * model.hidden_size * gqa.head_dim * max(1, gqa.kv_heads / tp)
            sharded, replicated = (q_and_o + k_and_v) * linear, 0.0
    return sharded * model.layers, replicated * model.layers


def _mla(mla: Mla, hidden: int, linear: float, tp: int) -> tuple[float, float]:
    """One layer of MLA. SGLang keeps kv_b a second time, in bf16, as the two factors that it absorbs."""
    rank = mla.q_lora_rank
    query = mla.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim)
    kv_b = mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)
    out = mla.heads * mla.v_head_dim * hidden
    sharded = ((rank or hidden) * query + kv_b + out) * linear + kv_b * BF16
    replicated = hidden * ((rank or 0) + mla.kv_lora_rank + mla.qk_rope_head_dim) * linear
    return sharded / tp, replicated
