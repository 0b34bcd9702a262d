"""What estimates of activations have in common, whatever the engine."""

from __future__ import annotations

from typing import Final

from wideep.gpus.spec import MIB
from wideep.memory.weights import BF16
from wideep.parallelism import attention_tp
from wideep.settings.layout import RoleLayout
from wideep.settings.model import Gqa, Mla, ModelShape

__all__ = ["GRAPH", "HIDDEN_COPIES", "SLACK", "attention_row_bytes"]

GRAPH: Final = 2 * MIB
"""What SGLang reserves for a request of the largest captured batch."""
HIDDEN_COPIES: Final = 4
"""Of a token's hidden values in bf16: residual, input and output of a layer, and one in flight."""
SLACK: Final = 1.5
"""What the allocator holds beside the tensors that are alive."""


def attention_row_bytes(model: ModelShape, role: RoleLayout) -> float:
    """Queries, keys, values and result of one token of one layer, of a GPU's share of the heads."""
    match model.attention:
        case Mla() as mla:
            widths = mla.heads * 2 * (mla.qk_nope_head_dim + mla.qk_rope_head_dim + mla.v_head_dim)
        case Gqa() as gqa:
            widths = 2 * (gqa.heads + gqa.kv_heads) * gqa.head_dim
    return widths / attention_tp(role) * BF16
