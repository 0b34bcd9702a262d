"""Bytes of one token in the KV cache of one GPU."""

from __future__ import annotations

from typing import Final

from wideep.memory.weights import BF16
from wideep.parallelism import Stage, attention_tp
from wideep.settings.layout import KvCacheDtype, RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = ["kv_bytes_per_token", "layer_kv_bytes"]

FP8: Final = 1.0


def kv_bytes_per_token(model: ModelShape, role: RoleLayout, stage: Stage | None = None) -> float:
    """Return the bytes of one token's keys and values on one GPU, in all layers, or in those of its pipeline stage."""
    return layer_kv_bytes(model, role) * (stage.layers if stage else model.layers)


def layer_kv_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of one token's keys and values on one GPU in one layer.

    MLA caches one latent vector (kv_lora_rank + rope) regardless of the number of heads, and every GPU of an attention
    group holds all of it. GQA caches keys and values for the GPU's share of the KV heads, at least one.
    """
    match model.attention:
        case Mla() as mla:
            elements = mla.kv_lora_rank + mla.qk_rope_head_dim
        case Gqa() as gqa:
            elements = 2 * gqa.head_dim * max(1, gqa.kv_heads // attention_tp(role))
    return elements * (BF16 if role.kv_cache_dtype in (None, KvCacheDtype.AUTO) else FP8)
