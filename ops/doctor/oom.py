"""Which keys give a worker memory, each with the value that would hold and what it leaves.

All of it is asked of ``wideep.memory`` and ``wideep.rules``, with the role changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from wideep.memory import headroom, worker_memory
from wideep.rules import RoleSite, check_role
from wideep.rules.remedies import resized

__all__ = ["Short", "memory_fixes"]

LEAST_GAIN_GB: Final = 5.0
"""GB on a GPU that a change has to bring: less is within what activations vary by."""
PERCENT: Final = 100
LEAST_PERCENT: Final = 30
MOST_PERCENT: Final = 95


class Short(Enum):
    """What ran out: the pool (weights and KV cache), or what is outside it."""

    POOL = "the pool"
    OUTSIDE = "outside the pool"


def memory_fixes(site: RoleSite, short: Short) -> tuple[str, ...]:
    """The changes that help and keep all rules, each alone: pool, redundant experts, batch, GPUs a worker."""
    changed = _pool_fixes(site) if short is Short.POOL else _outside_fixes(site)
    wider = resized(site, 2 * site.role.gpus_per_worker)
    fixes = [*changed, *([_wider(wider)] if not check_role(wider) else [])]
    return tuple(fixes) or (f"layout.{site.name}: no key alone gives room; {site.model.name} needs larger GPUs.",)


def _pool_fixes(site: RoleSite) -> Iterator[str]:
    """A larger share for the pool where what is outside can spare it; fewer redundant experts."""
    first = round(site.role.mem_fraction_static * PERCENT) + 1
    for percent in range(first, MOST_PERCENT + 1):
        larger = site.changed(mem_fraction_static=percent / PERCENT)
        if _gain(larger, site) >= LEAST_GAIN_GB:
            spare = worker_memory(larger.model, larger.gpu, larger.role).headroom_gb > _needed_gb(larger)
            if spare and not check_role(larger):
                yield f"layout.{site.name}.memFractionStatic: {percent / PERCENT:g} {_leaves(larger)}"
            break
    yield from _fewer_experts(site)


def _fewer_experts(site: RoleSite) -> Iterator[str]:
    fewer = site.role.redundant_experts - site.role.ep
    smaller = site.changed(redundant_experts=fewer)
    if fewer >= 0 and not check_role(smaller):
        yield f"layout.{site.name}.redundantExperts: {fewer} {_leaves(smaller)}"


def _outside_fixes(site: RoleSite) -> Iterator[str]:
    """A smaller share for the pool, with fewer redundant experts where the KV cache would be too small; and smaller
    batches, for CUDA graphs and DeepEP's buffers."""
    wanted = max(_outside(site) + LEAST_GAIN_GB, _needed_gb(site) * 1.1)
    for base in (site, site.changed(redundant_experts=site.role.redundant_experts - site.role.ep)):
        if base.role.redundant_experts < 0:
            continue
        smaller = next((s for s in _smaller_pools(base) if _outside(s) >= wanted), None)
        if smaller and not check_role(smaller):
            also = ".memFractionStatic"
            if base is not site:
                also = f": redundantExperts: {base.role.redundant_experts} and memFractionStatic"
            yield f"layout.{site.name}{also}: {smaller.role.mem_fraction_static:g} {_leaves(smaller)}"
            break
    yield from _smaller_batches(site)


def _smaller_pools(site: RoleSite) -> Iterator[RoleSite]:
    first = round(site.role.mem_fraction_static * PERCENT) - 1
    for percent in range(first, LEAST_PERCENT, -1):
        yield site.changed(mem_fraction_static=percent / PERCENT)


def _smaller_batches(site: RoleSite) -> Iterator[str]:
    role = site.role
    if role.deepep and role.max_dispatch_tokens_per_rank > 32:
        tokens = role.max_dispatch_tokens_per_rank // 2
        smaller = site.changed(max_dispatch_tokens_per_rank=tokens, cuda_graph_batch_sizes=None)
        saved = _needed_gb(site) - _needed_gb(smaller)
        if saved > 0 and not check_role(smaller):
            yield f"layout.{site.name}.maxDispatchTokensPerRank: {tokens} saves {saved:.1f} GB outside the pool"
    elif str(site.name) == "decode" and role.cuda_graph_batch_sizes is None:
        smaller = site.changed(cuda_graph_batch_sizes=(1, 2, 4, 8, 16, 32, 64))
        saved = _needed_gb(site) - _needed_gb(smaller)
        if saved > 0 and not check_role(smaller):
            sizes = "[1, 2, 4, 8, 16, 32, 64]"
            yield f"layout.{site.name}.cudaGraphBatchSizes: {sizes} saves {saved:.1f} GB outside the pool"


def _wider(site: RoleSite) -> str:
    role = site.role
    sizes = f"nodes: {role.nodes}, gpusPerNode: {role.gpus_per_node}, tp: {role.tp}, dp: {role.dp}, ep: {role.ep}"
    return f"layout.{site.name}: {{{sizes}}} {_leaves(site)}"


def _leaves(site: RoleSite) -> str:
    memory = worker_memory(site.model, site.gpu, site.role)
    return (
        f"leaves {memory.kv_cache_gb:.1f} GB for KV ({memory.kv_cache_tokens:,} tokens) "
        f"and {memory.headroom_gb:.1f} GB outside the pool"
    )


def _outside(site: RoleSite) -> float:
    return worker_memory(site.model, site.gpu, site.role).headroom_gb


def _needed_gb(site: RoleSite) -> float:
    return headroom(site.model, site.gpu, site.name, site.role).total / 1e9


def _gain(site: RoleSite, than: RoleSite) -> float:
    """GB more for the KV cache."""
    return (
        worker_memory(site.model, site.gpu, site.role).kv_cache_gb
        - worker_memory(than.model, than.gpu, than.role).kv_cache_gb
    )
