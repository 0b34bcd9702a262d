"""How many requests an engine makes room for, and its table of where their tokens are."""

from __future__ import annotations

from typing import Final

from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["most_requests", "request_table_bytes"]

FEWEST: Final = 2048
MOST: Final = 4096
SPECULATIVE: Final = 48
PLACE: Final = 4
"""Bytes of a token's place (int32)."""


def most_requests(model: ModelShape, name: Role, role: RoleLayout, tokens: int) -> int:
    """Requests of one attention group: as the engine is told, or as SGLang chooses by the cache's ``tokens``
    (``ModelRunner.init_memory_pool``).
    """
    if role.max_running_requests:
        return max(1, role.max_running_requests // role.dp)
    if name is Role.DECODE and role.low_latency:
        return max(1, role.max_dispatch_tokens_per_rank // role.tokens_per_request)
    if role.speculative and role.speculative.drafts:
        return max(1, SPECULATIVE // role.dp)
    return min(max(tokens * 512 // (role.context_length or model.context_length), FEWEST), MOST)


def request_table_bytes(model: ModelShape, role: RoleLayout, requests: int) -> float:
    """``ReqToTokenPool``: the place in the cache of every token of every request of full length."""
    return requests * (role.context_length or model.context_length) * PLACE
