"""What speculative decoding takes on one GPU. The engine loads the draft after its pool, so all of it is outside."""

from __future__ import annotations

from wideep.memory.weights import BF16, weight_parts
from wideep.parallelism import Stage
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["draft_bytes"]


def draft_bytes(model: ModelShape, role: RoleLayout, tokens: int, requests: int, layer_kv: float) -> float:
    """Draft weights and cache, and the cache places that drafts take beside the ``tokens`` of the pool.

    A draft layer of the model's own caches as many tokens as the model does, in one layer, and shares the model's
    embedding and lm_head (``ModelRunner.init_memory_pool``, ``EAGLEWorker``).
    """
    drafting = role.speculative
    if drafting is None or not drafting.drafts:
        return 0.0
    each = drafting.num_steps * drafting.eagle_topk + drafting.num_draft_tokens
    places = requests * each * layer_kv * model.layers
    if drafting.draft_gb is not None:
        return drafting.draft_gb * 1e9 + places
    return _own_layer(model, role) + (tokens + requests * each) * layer_kv + places


def _own_layer(model: ModelShape, role: RoleLayout) -> float:
    """A layer of the model with its experts, and the projection of two hidden states to one."""
    layer = Stage(1, 0, first=False, last=False)
    parts = weight_parts(model, role, layer)
    return parts.total - parts.modules + 2 * model.hidden_size**2 * BF16
