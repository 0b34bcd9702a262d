"""Remedies for too little memory. Each is checked as a whole: it breaks no rule and leaves what is needed.

Either the KV cache is too small (``for_cache``), or too little is left outside the pool, where the engine runs out of
memory (``for_outside``); the two need opposite changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from wideep.rules.arithmetic import arithmetic_problems
from wideep.rules.around import in_stack
from wideep.rules.fit import fits, spare_gb, useful_tokens
from wideep.rules.larger import larger_workers, larger_workers_and
from wideep.rules.remedy import Remedy
from wideep.rules.role_context import RoleContext
from wideep.settings.layout import Role

__all__ = ["LEAST_GAIN_GB", "for_cache", "for_outside"]

PERCENT: Final = 100
MOST_PERCENT: Final = 95
LEAST_PERCENT: Final = 30
LEAST_GAIN_GB: Final = 5.0
"""GB per GPU that a change must free where memory turned out to be short: activations vary by less than this."""
MARGIN: Final = 0.01
"""Share of the pool that a remedy leaves beyond the least useful cache: weights and free memory are known only to this
precision."""
LEAST_DISPATCH: Final = 16
LEAST_BATCH: Final = 8
LEAST_CHUNK: Final = 1024
GRAPH_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def for_cache(site: RoleContext, gain_gb: float = 0.0) -> list[Remedy]:
    """Return the changes that make the KV cache at least ``gain_gb`` GB larger: a larger pool, fewer redundant experts,
    or more GPUs per worker."""
    wanted = _cache_gb(site) + gain_gb

    def helps(changed: RoleContext) -> bool:
        return _cache_gb(changed) >= wanted and _sound(changed)

    alone = _each_first(helps, _larger_pools(site), _fewer_experts(site), larger_workers(site))
    return alone or _each_first(helps, _more_gpus_and(site))


def for_outside(site: RoleContext, gain_gb: float = 0.0) -> list[Remedy]:
    """Return the changes that leave at least ``gain_gb`` GB more than is needed outside the pool.

    They are a smaller pool (with fewer redundant experts if necessary), smaller batches, or more GPUs per worker.
    """
    wanted = max(0.0, spare_gb(site) + gain_gb)

    def helps(changed: RoleContext) -> bool:
        return spare_gb(changed) >= wanted and _sound(changed)

    smaller = _first(helps, _smaller_pools(site)) or _first(helps, _smaller_pools_with_fewer_experts(site))
    alone = [*([smaller] if smaller else []), *_each_first(helps, _smaller_batches(site), larger_workers(site))]
    return alone or _each_first(helps, _more_gpus_and(site))


def _sound(site: RoleContext) -> bool:
    """Tell whether the role breaks no rule, has enough memory outside the pool, and has a cache above the useful
    minimum."""
    if not fits(site):
        return False
    memory = site.memory
    least = useful_tokens(site) * memory.kv_bytes_per_token + MARGIN * memory.pool_bytes
    return memory.kv_cache_bytes >= least and spare_gb(site) >= 0 and not arithmetic_problems(site)


def _first(helps: Callable[[RoleContext], bool], candidates: Iterator[Remedy]) -> Remedy | None:
    whole = (in_stack(remedy) for remedy in candidates if helps(remedy.site))
    return next((remedy for remedy in whole if remedy), None)


def _each_first(helps: Callable[[RoleContext], bool], *kinds: Iterator[Remedy]) -> list[Remedy]:
    return [remedy for remedy in (_first(helps, kind) for kind in kinds) if remedy]


def _cache_gb(site: RoleContext) -> float:
    return site.memory.kv_cache_gb


def _larger_pools(site: RoleContext) -> Iterator[Remedy]:
    first = int(site.role.mem_fraction_static * PERCENT + 1e-9) + 1
    return (_pool(site, percent) for percent in range(first, MOST_PERCENT + 1))


def _smaller_pools(site: RoleContext) -> Iterator[Remedy]:
    first = math.ceil(site.role.mem_fraction_static * PERCENT - 1e-9) - 1
    return (_pool(site, percent) for percent in range(first, LEAST_PERCENT, -1))


def _pool(site: RoleContext, percent: int) -> Remedy:
    changed = site.changed(mem_fraction_static=percent / PERCENT)
    return Remedy(f"memFractionStatic: {percent / PERCENT:g}", changed)


def _fewer_experts(site: RoleContext) -> Iterator[Remedy]:
    """Yield remedies with fewer redundant experts, the most first. Their numbers satisfy (E + R) % ep = 0 and are at
    most one copy per expert, so that the search does not start from a number that is far too large."""
    today, ep = site.role.redundant_experts, site.role.ep
    steps = max(1, -(-(today - site.model.experts) // ep))
    for redundant in range(today - steps * ep, -1, -ep):
        yield Remedy(f"redundantExperts: {redundant}", site.changed(redundant_experts=redundant))


def _smaller_pools_with_fewer_experts(site: RoleContext) -> Iterator[Remedy]:
    for fewer in _fewer_experts(site):
        for smaller in _smaller_pools(fewer.site):
            yield Remedy(f"{fewer.keys}, {smaller.keys}", smaller.site)


def _smaller_batches(site: RoleContext) -> Iterator[Remedy]:
    """Yield remedies that halve the work of one step again and again: dispatched tokens, captured batches, or a prefill
    chunk."""
    role = site.role
    if site.name is Role.PREFILL:
        chunk = site.prefill_chunk // 2
        while chunk // role.dp >= LEAST_CHUNK:
            yield Remedy(f"chunkedPrefillSize: {chunk}", site.changed(chunked_prefill_size=chunk))
            chunk //= 2
    elif role.low_latency:
        tokens = role.max_dispatch_tokens_per_rank // 2
        while tokens >= LEAST_DISPATCH:
            yield _dispatching(site, tokens)
            tokens //= 2
    else:
        captured = site.engine.graph_batch(site.gpu, site.name, role)
        for largest in (size for size in reversed(GRAPH_SIZES) if LEAST_BATCH <= size < captured):
            sizes = tuple(size for size in GRAPH_SIZES if size <= largest)
            keys = f"cudaGraphBatchSizes: [{', '.join(map(str, sizes))}]"
            yield Remedy(keys, site.changed(cuda_graph_batch_sizes=sizes))


def _dispatching(site: RoleContext, tokens: int) -> Remedy:
    """Return a remedy with fewer dispatched tokens, and with captured batches and running requests within that
    limit."""
    most = tokens // site.role.tokens_per_request
    changed, keys = site.changed(max_dispatch_tokens_per_rank=tokens), f"maxDispatchTokensPerRank: {tokens}"
    if site.role.cuda_graph_batch_sizes:
        graphs = tuple(size for size in site.role.cuda_graph_batch_sizes if size <= most) or (most,)
        changed = changed.changed(cuda_graph_batch_sizes=graphs)
        keys += f", cudaGraphBatchSizes: [{', '.join(map(str, graphs))}]"
    requests, together = site.role.max_running_requests, most * site.role.dp
    if requests is not None and requests // site.role.dp > most:
        changed = changed.changed(max_running_requests=together)
        keys += f", maxRunningRequests: {together}"
    return Remedy(keys, changed)


def _more_gpus_and(site: RoleContext) -> Iterator[Remedy]:
    """Yield remedies that combine more GPUs with one other change, for layouts where neither helps alone."""
    return larger_workers_and(site, [smaller.site for smaller in _smaller_batches(site)])
