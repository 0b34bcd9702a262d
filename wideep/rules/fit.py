"""Whether a worker's weights and a useful KV cache fit its GPUs, and what stays outside the pool."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.memory import deepep_buffer_bytes, worker_memory
from wideep.rules.arithmetic import Rule
from wideep.rules.remedies import remedies
from wideep.rules.site import RoleSite

__all__ = ["MEMORY_RULES", "buffers_fit", "cache_is_useful", "fits", "useful_tokens", "weights_fit"]

ONE_ANSWER: Final = 32_768
"""Tokens of the longest answer that the makers of R1 and of Qwen3 recommend to allow for."""


def useful_tokens(site: RoleSite) -> int:
    """Tokens that a KV cache must hold at least to be of use: one long answer, or one sequence if that is shorter."""
    return min(ONE_ANSWER, site.role.context_length or site.model.context_length)


def fits(site: RoleSite) -> bool:
    """Weights and a useful KV cache share the pool, and DeepEP's buffers find room outside it."""
    memory = worker_memory(site.model, site.gpu, site.role)
    buffers = deepep_buffer_bytes(site.model, site.role) / 1e9
    return memory.kv_cache_tokens >= useful_tokens(site) and buffers < memory.headroom_gb


def weights_fit(site: RoleSite) -> Problem | None:
    """SGLang raises "Not enough memory" when the pool (memFractionStatic × memory) has no room for one token."""
    memory = worker_memory(site.model, site.gpu, site.role)
    if memory.kv_cache_tokens > 0:
        return None
    slots = f"{memory.expert_slots_per_gpu} expert slots a layer"
    rule = f"weights are {memory.weights_gb:.1f} GB on each GPU ({slots}), and {_pool(site)}"
    return _problem(site, rule)


def cache_is_useful(site: RoleSite) -> Problem | None:
    """The pool must hold one long answer besides the weights, or every request of use is refused or retracted."""
    memory, wanted = worker_memory(site.model, site.gpu, site.role), useful_tokens(site)
    if memory.kv_cache_tokens == 0 or memory.kv_cache_tokens >= wanted:
        return None
    left = f"{memory.kv_cache_gb:.1f} GB or {memory.kv_cache_tokens:,} tokens of KV cache"
    rule = (
        f"weights are {memory.weights_gb:.1f} GB on each GPU, {_pool(site)}: that leaves {left}, less than {wanted:,}"
    )
    return _problem(site, rule)


def buffers_fit(site: RoleSite) -> Problem | None:
    """DeepEP allocates its buffers after the pool, in what is left of the GPU."""
    memory = worker_memory(site.model, site.gpu, site.role)
    buffers = deepep_buffer_bytes(site.model, site.role) / 1e9
    if buffers < memory.headroom_gb:
        return None
    tokens = site.role.max_dispatch_tokens_per_rank
    rule = f"DeepEP's buffers are {buffers:.1f} GB at maxDispatchTokensPerRank {tokens}, outside the pool are "
    fix = "write a smaller maxDispatchTokensPerRank, or a smaller memFractionStatic"
    value = site.role.mem_fraction_static
    return site.problem("memFractionStatic", value, f"{rule}{memory.headroom_gb:.1f} GB", fix)


MEMORY_RULES: Final[tuple[Rule, ...]] = (weights_fit, cache_is_useful, buffers_fit)


def _pool(site: RoleSite) -> str:
    memory, fraction = worker_memory(site.model, site.gpu, site.role), site.role.mem_fraction_static
    return f"the pool is {fraction:g} × {memory.total_bytes / 1e9:.1f} = {memory.pool_gb:.1f} GB on {site.hardware.gpu}"


def _problem(site: RoleSite, rule: str) -> Problem:
    """Named by the key that the person set last, as far as one can tell: redundant experts, else the GPUs."""
    field = "redundantExperts" if site.role.redundant_experts else "gpusPerNode"
    value = site.role.redundant_experts or site.role.gpus_per_node
    ways = remedies(site, fits) or [f"{site.model.name} needs a GPU with more memory"]
    return site.problem(field, value, rule, "\nor ".join(ways))
