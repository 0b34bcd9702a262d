"""The rule that a sequence may not be longer than the model supports."""

from __future__ import annotations

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext

__all__ = ["context_within_model"]


def context_within_model(site: RoleContext) -> Problem | None:
    """Refuse a context that is longer than the model was trained for. SGLang (``ModelConfig``) and vLLM
    (``_get_and_verify_max_len``) exit at start-up, and TensorRT-LLM uses the model's length instead."""
    wanted, longest, allowing = site.role.context_length, site.model.context_length, site.engine.longer_context
    if wanted is None or wanted <= longest:
        return None
    env = {**(site.stack.workers.env if site.stack else {}), **site.role.env}
    if allowing and env.get(allowing, "").lower() in ("1", "true"):
        return None
    rule = f"{site.model.name} takes {longest:,} tokens, and {site.engine.title} refuses a longer sequence at start-up"
    if allowing is None:
        rule = f"{site.model.name} takes {longest:,} tokens, and {site.engine.title} makes no sequence longer"
    fix = f"set contextLength: {longest} or less"
    more = f"\nor, if you know that it works, env: {{{allowing}: '1'}}" if allowing else ""
    return site.problem("contextLength", wanted, rule, f"{fix}{more}")
