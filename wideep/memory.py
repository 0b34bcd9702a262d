"""What lies on one GPU of a worker, part by part, and what is left for the KV cache.

All from the model's shape and the layout; no table. GB are decimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep.catalog.gpus import GpuSpec
from wideep.parallelism import attention_tp, expert_slots_per_gpu, expert_tp
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape, WeightFormat

__all__ = ["GpuMemory", "WeightParts", "expert_slot_bytes", "kv_bytes_per_token", "weight_parts", "worker_memory"]

BF16: Final = 2.0
LINEAR_BYTES: Final = {
    WeightFormat.FP8_BLOCK: 1 + 4 / (128 * 128),  # one FP32 scale a block
    WeightFormat.BF16: BF16,
    WeightFormat.MXFP4: BF16,
}
EXPERT_BYTES: Final = LINEAR_BYTES | {WeightFormat.MXFP4: 4 / 8 + 1 / 32}
"""Bytes a weight of an expert; MXFP4 is 4 bits, and one scale byte for 32 weights."""


@dataclass(frozen=True)
class WeightParts:
    """Bytes of weights on one GPU."""

    expert_slots: float
    attention: float
    attention_replicated: float
    """Low-rank projections that no sharding cuts (MLA's q_a and kv_a)."""
    embedding: float
    lm_head: float
    shared_expert: float
    dense_layers: float
    router: float

    @property
    def total(self) -> float:
        """All parts together."""
        return (
            self.expert_slots
            + self.attention
            + self.attention_replicated
            + self.embedding
            + self.lm_head
            + self.shared_expert
            + self.dense_layers
            + self.router
        )


@dataclass(frozen=True)
class GpuMemory:
    """One GPU of a worker: weights and KV cache make up the static pool, the headroom is outside it."""

    total_bytes: float
    static_bytes: float
    """The pool: memory × memFractionStatic."""
    parts: WeightParts
    kv_bytes_per_token: float
    expert_slots_per_gpu: int

    @property
    def weights_gb(self) -> float:
        """Weights on the GPU."""
        return self.parts.total / 1e9

    @property
    def kv_cache_bytes(self) -> float:
        """What the weights leave of the pool; negative when they do not fit."""
        return self.static_bytes - self.parts.total

    @property
    def kv_cache_gb(self) -> float:
        """As ``kv_cache_bytes``, in GB."""
        return self.kv_cache_bytes / 1e9

    @property
    def kv_cache_tokens(self) -> int:
        """Whole tokens whose keys and values fit on this GPU."""
        return max(0, int(self.kv_cache_bytes // self.kv_bytes_per_token))

    @property
    def headroom_gb(self) -> float:
        """Outside the pool: activations, CUDA graphs, DeepEP's buffers."""
        return (self.total_bytes - self.static_bytes) / 1e9


def worker_memory(model: ModelShape, gpu: GpuSpec, role: RoleLayout) -> GpuMemory:
    """Memory of each GPU of a worker. The layout's divisions must be exact (``wideep.rules``)."""
    return GpuMemory(
        total_bytes=gpu.memory_bytes,
        static_bytes=gpu.memory_bytes * role.mem_fraction_static,
        parts=weight_parts(model, role),
        kv_bytes_per_token=kv_bytes_per_token(model, attention_tp(role)),
        expert_slots_per_gpu=expert_slots_per_gpu(model, role),
    )


def expert_slot_bytes(model: ModelShape) -> float:
    """One expert over all MoE layers: gate, up and down projection of each."""
    weights = 3 * model.hidden_size * model.expert_width * model.moe_layers
    return weights * EXPERT_BYTES[model.weight_format]


def kv_bytes_per_token(model: ModelShape, attention_tp: int) -> float:
    """Bytes of one token's KV cache in all layers, on one GPU of an attention group, in bf16.

    MLA caches one latent vector whatever the number of heads, on every GPU. GQA caches keys and values of the GPU's own
    KV heads, and of at least one.
    """
    match model.attention:
        case Mla() as mla:
            elements = mla.kv_lora_rank + mla.qk_rope_head_dim
        case Gqa() as gqa:
            elements = 2 * gqa.head_dim * max(1, gqa.kv_heads // attention_tp)
    return elements * BF16 * model.layers


def weight_parts(model: ModelShape, role: RoleLayout) -> WeightParts:
    """Weights on one GPU, by what shards them: EP the experts, tp / dp the attention, tp the rest."""
    linear = LINEAR_BYTES[model.weight_format]
    sharded, replicated = _attention_bytes(model, linear, attention_tp(role))
    vocabulary = model.vocab_size * model.hidden_size * BF16
    lm_head = 0 if model.tied_embeddings else vocabulary
    shared = 3 * model.hidden_size * model.expert_width * model.shared_experts * model.moe_layers * linear
    dense = 3 * model.hidden_size * model.dense_width * model.dense_layers * linear
    return WeightParts(
        expert_slots=expert_slot_bytes(model) * expert_slots_per_gpu(model, role) / expert_tp(role),
        attention=sharded,
        attention_replicated=replicated,
        embedding=vocabulary if role.dp > 1 else vocabulary / role.tp,
        lm_head=lm_head / (attention_tp(role) if role.dp_lm_head else role.tp),
        shared_expert=shared if role.deepep else shared / role.tp,
        dense_layers=dense / (role.moe_dense_tp or role.tp),
        router=model.experts * model.hidden_size * BF16 * model.moe_layers,
    )


def _attention_bytes(model: ModelShape, linear: float, tp: int) -> tuple[float, float]:
    """Attention of all layers on one of ``tp`` GPUs: what is sharded, and what is not."""
    match model.attention:
        case Mla() as mla:
            sharded, replicated = _mla_bytes(mla, model.hidden_size, linear, tp)
        case Gqa() as gqa:
            q_and_o = 2 * model.hidden_size * gqa.heads * gqa.head_dim / tp
            k_and_v = 2 * model.hidden_size * gqa.head_dim * max(1, gqa.kv_heads / tp)
            sharded, replicated = (q_and_o + k_and_v) * linear, 0.0
    return sharded * model.layers, replicated * model.layers


def _mla_bytes(mla: Mla, hidden: int, linear: float, tp: int) -> tuple[float, float]:
    """One layer of MLA. SGLang keeps kv_b a second time in bf16, as the two factors that it absorbs."""
    rank = mla.q_lora_rank
    query = mla.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim)
    kv_b = mla.kv_lora_rank * mla.heads * (mla.qk_nope_head_dim + mla.v_head_dim)
    out = mla.heads * mla.v_head_dim * hidden
    sharded = ((rank or hidden) * query + kv_b + out) * linear + kv_b * BF16
    replicated = hidden * ((rank or 0) + mla.kv_lora_rank + mla.qk_rope_head_dim) * linear
    return sharded / tp, replicated
