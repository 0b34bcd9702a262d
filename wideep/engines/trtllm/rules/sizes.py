"""Rules for how TensorRT-LLM divides a worker."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext

__all__ = ["attention_dp_is_all_or_none"]


def attention_dp_is_all_or_none(site: RoleContext) -> Problem | None:
    """Require dp = tp or dp = 1: ``enable_attention_dp`` gives every GPU its own requests, or none (``Mapping``)."""
    role = site.role
    if role.dp in (1, role.tp):
        return None
    rule = f"TensorRT-LLM's attention groups are single GPUs, or all {role.tp} GPUs of a worker together"
    return site.problem("dp", role.dp, rule, f"set dp: {role.tp} or 1, or backend: sglang or vllm")
