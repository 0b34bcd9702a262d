"""The parts of activation estimates that all engines share."""

from __future__ import annotations

from typing import Final

from wideep.gpus.spec import MIB
from wideep.memory.weights import BF16
from wideep.parallelism import attention_tp
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = ["GRAPH", "HIDDEN_COPIES", "SLACK", "attention_row_bytes"]

GRAPH: Final = 2 * MIB
"""Bytes that SGLang reserves for each request of the largest captured batch."""
HIDDEN_COPIES: Final = 4
"""Copies of a token's hidden values in bf16: residual, input and output of a layer, and one in flight."""
SLACK: Final = 1.5
"""Factor for memory that the allocator holds beyond the live tensors."""


def attention_row_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Return the bytes of one token's queries, keys, values and result in one layer, for a GPU's share of the heads."""
    match model.attention:
        case Mla() as mla:
            widths = mla.heads * 2 * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim)
        case Gqa() as gqa:
            widths = 2 * (gqa.heads + gqa.kv_heads) * gqa.head_dim
    return widths / attention_tp(role) * BF16
