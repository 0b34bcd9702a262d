"""Bytes that one token takes in the KV cache of one GPU."""

from __future__ import annotations

from wideep.memory.weights import BF16
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = ["kv_bytes_per_token"]


def kv_bytes_per_token(model: ModelShape, attention_tp: int) -> float:
    """One token's keys and values in all layers, in bf16, on one of the ``attention_tp`` GPUs of an attention group.

    MLA caches one latent vector (kv_lora_rank + rope) whatever the heads, and every GPU of the group has all of it.
    GQA caches keys and values of the GPU's share of the KV heads, of at least one. As SGLang's
    ``ModelRunner.profile_max_num_token`` counts them.
    """
    match model.attention:
        case Mla() as mla:
            elements = mla.kv_lora_rank + mla.qk_rope_head_dim
        case Gqa() as gqa:
            elements = 2 * gqa.head_dim * max(1, gqa.kv_heads // attention_tp)
    return elements * BF16 * model.layers
