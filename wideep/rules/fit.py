"""Whether a worker's weights and a useful KV cache fit its GPUs, and what stays outside the pool."""

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
"""What is left to do where no remedy was found."""


def useful_tokens(site: RoleContext) -> int:
    """Tokens that a KV cache must hold at least to be of use: one long answer, or one sequence if that is shorter."""
    return min(ONE_ANSWER, site.role.context_length or site.model.context_length)


def fits(site: RoleContext) -> bool:
    """Weights and a useful KV cache share the pool, and DeepEP's buffers and tensors find room outside it."""
    memory = site.memory
    return memory.kv_cache_tokens >= useful_tokens(site) and _exact_gb(site) < memory.headroom_gb


def spare_gb(site: RoleContext) -> float:
    """GB outside the pool beyond what the worker is likely to need there; negative where they are too few."""
    needed = site.headroom.total / 1e9
    return site.memory.headroom_gb - needed


def weights_fit(site: RoleContext) -> Problem | None:
    """The engine does not start when the pool (memFractionStatic × free memory) has no room for one token."""
    memory = site.memory
    if memory.kv_cache_tokens > 0:
        return None
    slots = f"{memory.expert_slots_per_gpu} expert slots a layer"
    rule = f"weights are {memory.weights_gb:.1f} GB on each GPU ({slots}), and {_pool(site)}"
    return _problem(site, rule)


def cache_is_useful(site: RoleContext) -> Problem | None:
    """The pool must hold one long answer besides the weights, or every request of use is refused or retracted."""
    memory, wanted = site.memory, useful_tokens(site)
    if memory.kv_cache_tokens == 0 or memory.kv_cache_tokens >= wanted:
        return None
    left = f"{memory.kv_cache_gb:.1f} GB or {memory.kv_cache_tokens:,} tokens of KV cache"
    rule = (
        f"weights are {memory.weights_gb:.1f} GB on each GPU, {_pool(site)}: that leaves {left}, less than {wanted:,}"
    )
    return _problem(site, rule)


def buffers_fit(site: RoleContext) -> Problem | None:
    """DeepEP allocates its buffers after the pool, in what is left, and each captured graph has its tensors there."""
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
    """What DeepEP holds outside the pool by its own formulas."""
    return (site.headroom.deepep + site.headroom.dispatched) / 1e9


def _pool(site: RoleContext) -> str:
    memory = site.memory
    return f"the pool is {memory.pool_sum} on {site.hardware.gpu} ({memory.pool_of})"


def _problem(site: RoleContext, rule: str) -> Problem:
    """Named by the key that the person set last, as far as one can tell: redundant experts, else the GPUs."""
    field = "redundantExperts" if site.role.redundant_experts else "gpusPerNode"
    value = site.role.redundant_experts or site.role.gpus_per_node
    return site.problem(field, value, rule, OTHERWISE)
