"""Rules about memory: weights and a useful KV cache must fit a worker's GPUs, and enough must stay outside the pool."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.rules.arithmetic import Rule
from wideep.rules.role_context import RoleContext

__all__ = [
    "MEMORY_RULES",
    "OTHERWISE",
    "buffers_fit",
    "cache_is_useful",
    "fits",
    "spare_gb",
    "useful_tokens",
    "weights_fit",
]

DEFAULT_DISPATCH: Final = 128
ONE_ANSWER: Final = 32_768
"""Tokens of the longest answer that the makers of R1 and of Qwen3 recommend to allow for."""

OTHERWISE: Final = "use a GPU with more memory, or another layout (`wideep layouts --gpus N` lists those that fit)"
"""The advice that is given when no remedy was found."""


def useful_tokens(site: RoleContext) -> int:
    """Return the fewest tokens that a useful KV cache holds: one long answer, or one sequence if that is shorter."""
    return min(ONE_ANSWER, site.role.context_length or site.model.context_length)


def fits(site: RoleContext) -> bool:
    """Tell whether the pool has room for the weights and a useful KV cache, and the rest of the GPU for DeepEP's
    buffers and tensors."""
    memory = site.memory
    return memory.kv_cache_tokens >= useful_tokens(site) and _exact_gb(site) < memory.headroom_gb


def spare_gb(site: RoleContext) -> float:
    """Return the GB outside the pool beyond what the worker is likely to need there; negative if too few are left."""
    needed = site.headroom.total / 1e9
    return site.memory.headroom_gb - needed


def weights_fit(site: RoleContext) -> Problem | None:
    """Refuse a pool (memFractionStatic × free memory) without room for one token: the engine would not start."""
    memory = site.memory
    if memory.kv_cache_tokens > 0:
        return None
    slots = f"{memory.expert_slots_per_gpu} expert slots a layer"
    rule = f"weights are {memory.weights_gb:.1f} GB on each GPU ({slots}), and {_pool(site)}"
    return _problem(site, rule)


def cache_is_useful(site: RoleContext) -> Problem | None:
    """Refuse a pool without room for one long answer besides the weights: every useful request would be refused or
    retracted."""
    memory, wanted = site.memory, useful_tokens(site)
    if memory.kv_cache_tokens == 0 or memory.kv_cache_tokens >= wanted:
        return None
    left = f"{memory.kv_cache_gb:.1f} GB or {memory.kv_cache_tokens:,} tokens of KV cache"
    rule = (
        f"weights are {memory.weights_gb:.1f} GB on each GPU, {_pool(site)}: that leaves {left}, less than {wanted:,}"
    )
    return _problem(site, rule)


def buffers_fit(site: RoleContext) -> Problem | None:
    """Refuse a layout whose headroom is too small for DeepEP's buffers, which are allocated after the pool, and for the
    tensors of each captured graph."""
    memory = site.memory
    if _exact_gb(site) < memory.headroom_gb:
        return None
    role = site.role
    buffers, tensors = site.headroom.deepep / 1e9, site.headroom.dispatched / 1e9
    held = f"DeepEP's buffers are {buffers:.1f} GB" + (f" and a layer's tensors {tensors:.1f}" if tensors else "")
    rule = (
        f"{held} at maxDispatchTokensPerRank {role.max_dispatch_tokens_per_rank}; "
        f"{memory.headroom_gb:.1f} GB are left outside the pool at memFractionStatic {role.mem_fraction_static:g}"
    )
    if role.max_dispatch_tokens_per_rank > DEFAULT_DISPATCH:
        return site.problem("maxDispatchTokensPerRank", role.max_dispatch_tokens_per_rank, rule, OTHERWISE)
    return site.problem("memFractionStatic", role.mem_fraction_static, rule, OTHERWISE)


MEMORY_RULES: Final[tuple[Rule, ...]] = (weights_fit, cache_is_useful, buffers_fit)


def _exact_gb(site: RoleContext) -> float:
    """Return the GB that DeepEP holds outside the pool, by its own formulas."""
    return (site.headroom.deepep + site.headroom.dispatched) / 1e9


def _pool(site: RoleContext) -> str:
    memory = site.memory
    return f"the pool is {memory.pool_sum} on {site.hardware.gpu} ({memory.pool_of})"


def _problem(site: RoleContext, rule: str) -> Problem:
    """Return a problem of the key that was most likely set last: the redundant experts if there are any, else the
    GPUs."""
    field = "redundantExperts" if site.role.redundant_experts else "gpusPerNode"
    value = site.role.redundant_experts or site.role.gpus_per_node
    return site.problem(field, value, rule, OTHERWISE)
