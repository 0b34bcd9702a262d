"""Bytes of weights on one GPU, by part.

The size of a part depends on what shards it: expert parallelism shards the experts, an attention group (tp / dp) the
attention, and the engine (``Shares``) decides about the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from wideep.parallelism import Stage, attention_tp, expert_slots_per_gpu, expert_tp, stages_of
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape, WeightFormat

__all__ = ["BF16", "Shares", "WeightParts", "expert_bytes", "expert_slot_bytes", "model_bytes", "weight_parts"]

BF16: Final = 2.0
LINEAR: Final = {
    WeightFormat.FP8_BLOCK: 1 + 4 / (128 * 128),  # one FP32 scale per block of 128 × 128
    WeightFormat.FP8_CHANNEL: 1.0,  # one scale per channel: 4 bytes for thousands of weights
    WeightFormat.BF16: BF16,
    WeightFormat.MXFP4: BF16,
    WeightFormat.NVFP4: BF16,
}
"""Bytes per weight of attention."""
MLP: Final = LINEAR | {WeightFormat.NVFP4: 4 / 8 + 1 / 16}
"""Bytes per weight of shared experts and dense layers. NVFP4: 4 bits, and one scale byte for each 16 weights."""
EXPERT: Final = MLP | {WeightFormat.MXFP4: 4 / 8 + 1 / 32}
"""Bytes per weight of an expert. MXFP4: 4 bits, and one scale byte for each 32 weights."""

MXFP4_BLOCK: Final = 32
"""Number of weights that share a scale."""
MXFP4_TILE: Final = 256
MODULES: Final = 0.11 * 2**30
"""Bytes by which SGLang's "mem usage" of a load exceeds the weights (Qwen3-30B-A3B in bf16 on one GPU: 56.98 GiB, of
which 56.87 are weights; sgl-project/sglang#18263)."""


@dataclass(frozen=True)
class Shares:
    """Over how many GPUs an engine shards what is neither experts nor attention. 1: each GPU holds all of it."""

    embedding: int
    lm_head: int
    shared_expert: int
    dense_layers: int
    fewer: str
    """Advice on what to set so that fewer GPUs share the last two."""
    absorbed: float = BF16
    """Additional bytes per weight of MLA's kv_b, which is also kept as the two factors that are absorbed."""


@dataclass(frozen=True)
class WeightParts:
    """Bytes of weights on one GPU."""

    expert_slots: float
    attention: float
    attention_replicated: float
    """Projections down to MLA's low ranks (q_a, kv_a), which no parallelism shards."""
    embedding: float
    lm_head: float
    shared_expert: float
    dense_layers: float
    router: float
    modules: float
    """CUDA modules and workspaces of the kernels that run during the load; the engine counts them as weights."""

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return sum(vars(self).values())


def expert_slot_bytes(model: ModelShape) -> float:
    """Return the stored bytes of one expert slot over all MoE layers: the gate, up and down projections of each."""
    return 3 * model.hidden_size * model.expert_width * model.moe_layers * EXPERT[model.weight_format]


def expert_bytes(model: ModelShape, shards: int = 1) -> float:
    """Return the bytes of one expert of one layer in the engine's memory, on one of ``shards`` GPUs: gate, up and down
    projections.

    MXFP4's kernels need whole scale blocks in the GPU's share of the width, and whole tiles of 256 in the hidden size:
    gpt-oss-120b loads as 64.4 to 66.0 GiB according to users' logs, while its checkpoint has 60.8.
    """
    width, hidden = model.expert_width / shards, float(model.hidden_size)
    if model.weight_format is WeightFormat.MXFP4:
        width, hidden = _rounded_up(width, MXFP4_BLOCK), _rounded_up(hidden, MXFP4_TILE)
    return 3 * hidden * width * EXPERT[model.weight_format]


def _rounded_up(value: float, step: int) -> float:
    return math.ceil(value / step) * step


def weight_parts(model: ModelShape, role: RoleLayout, shares: Shares, stage: Stage | None = None) -> WeightParts:
    """Return the weights on each GPU of a worker for one pipeline stage, or for the heaviest stage if none is given.

    The layout's divisions must be exact (``wideep.rules``).
    """
    if stage is None:
        all_stages = (weight_parts(model, role, shares, each) for each in stages_of(model, role))
        return max(all_stages, key=lambda parts: parts.total)
    mlp = MLP[model.weight_format]
    sharded, replicated = _attention(model, attention_tp(role), shares.absorbed)
    vocabulary = model.vocab_size * model.hidden_size * BF16
    shared = 3 * model.hidden_size * model.expert_width * model.shared_experts * mlp
    dense = 3 * model.hidden_size * model.dense_width * mlp
    head = 0.0 if model.tied_embeddings and role.pp == 1 else vocabulary
    return WeightParts(
        expert_slots=expert_bytes(model, expert_tp(role)) * stage.moe_layers * expert_slots_per_gpu(model, role),
        attention=sharded * stage.layers,
        attention_replicated=replicated * stage.layers,
        embedding=vocabulary / shares.embedding * stage.first,
        lm_head=head / shares.lm_head * stage.last,
        shared_expert=shared * stage.moe_layers / shares.shared_expert,
        dense_layers=dense * stage.dense_layers / shares.dense_layers,
        router=model.experts * model.hidden_size * BF16 * stage.moe_layers,
        modules=MODULES,
    )


def model_bytes(model: ModelShape) -> float:
    """Return the stored bytes of all weights, each counted once: what a worker of one GPU would load."""
    one = RoleLayout(replicas=1, nodes=1, gpus_per_node=1, tp=1, dp=1, ep=1)
    whole = weight_parts(model, one, Shares(1, 1, 1, 1, ""))
    return whole.total - whole.modules - whole.expert_slots + expert_slot_bytes(model) * model.experts


def _attention(model: ModelShape, tp: int, absorbed: float) -> tuple[float, float]:
    """Return the bytes of one layer's attention on one of ``tp`` GPUs: the sharded part and the replicated part."""
    linear = LINEAR[model.weight_format]
    match model.attention:
        case Mla() as mla:
            sharded, replicated = _mla(mla, model.hidden_size, linear, absorbed)
            sharded /= tp
        case Gqa() as gqa:
            q_and_o = 2 * model.hidden_size * gqa.heads * gqa.head_dim / tp
            k_and_v = 2 * model.hidden_size * gqa.head_dim * max(1, gqa.kv_heads / tp)
            sharded, replicated = (q_and_o + k_and_v) * linear, 0.0
    return sharded, replicated


def _mla(mla: Mla, hidden: int, linear: float, absorbed: float) -> tuple[float, float]:
    """Return the bytes of a layer of MLA, sharded and replicated. Engines also keep kv_b as two absorbed factors."""
    rank = mla.q_lora_rank
    query = mla.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim)
    kv_b = mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)
    out = mla.heads * mla.v_head_dim * hidden
    sharded = ((rank or hidden) * query + kv_b + out) * linear + kv_b * absorbed
    replicated = hidden * ((rank or 0) + mla.kv_lora_rank + mla.qk_rope_head_dim) * linear
    return sharded, replicated
