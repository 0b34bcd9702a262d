"""What to change when memory is short, with the number that each change gives: the lab's three, in its order.

A larger share for the pool, fewer redundant experts, more GPUs a worker.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from typing import Final

from wideep.memory import headroom, worker_memory
from wideep.rules.arithmetic import arithmetic_problems
from wideep.rules.site import RoleSite

__all__ = ["remedies", "resized"]

Fits = Callable[[RoleSite], bool]

MAX_FRACTION: Final = 0.95
MAX_GPUS: Final = 512


def remedies(site: RoleSite, fits: Fits) -> list[str]:
    """The changes that help, each alone, as sentences."""
    found = (_larger_pool(site, fits), _fewer_slots(site, fits), _more_gpus(site, fits))
    return [remedy for remedy in found if remedy]


def resized(site: RoleSite, gpus: int) -> RoleSite:
    """The same worker over ``gpus`` GPUs: sizes that were all of tp stay so, the others stay as they are.

    Redundant experts are rounded up to what the new ep allows; each attention group keeps its share of the chunk.
    """
    role, per_node = site.role, min(gpus, site.hardware.gpus_per_node)
    ep = gpus if role.ep == role.tp else role.ep
    redundant = role.redundant_experts + -(site.model.experts + role.redundant_experts) % ep
    dp = gpus if role.dp == role.tp else role.dp
    return site.changed(
        nodes=gpus // per_node,
        gpus_per_node=per_node,
        tp=gpus,
        dp=dp,
        ep=ep,
        redundant_experts=redundant,
        chunked_prefill_size=role.chunked_prefill_size and role.chunked_prefill_size * dp // role.dp,
    )


def _larger_pool(site: RoleSite, fits: Fits) -> str | None:
    """The smallest share that holds, if activations, graphs and buffers still find room outside it."""
    first = int(site.role.mem_fraction_static * 100) + 1
    for percent in range(first, int(MAX_FRACTION * 100) + 1):
        larger = site.changed(mem_fraction_static=percent / 100)
        if fits(larger):
            outside = worker_memory(larger.model, larger.gpu, larger.role).headroom_gb
            needed = headroom(larger.model, larger.gpu, larger.name, larger.role).total / 1e9
            return f"write memFractionStatic: {percent / 100:g}, which {_leaves(larger)}" if outside > needed else None
    return None


def _fewer_slots(site: RoleSite, fits: Fits) -> str | None:
    """The most redundant experts that hold, and what none at all would leave."""
    fewer = _fewer_redundant(site)
    fitting = bisect(fewer, False, key=lambda redundant: not fits(site.changed(redundant_experts=redundant)))
    if not fitting:
        return None
    most, least = fewer[fitting - 1], fewer[0]
    none = f"; {least} {_leaves(site.changed(redundant_experts=least))}" if most > least else ""
    return f"write redundantExperts: {most}, which {_leaves(site.changed(redundant_experts=most))}{none}"


def _fewer_redundant(site: RoleSite) -> range:
    """What (E + R) % ep = 0 allows below today's number, ascending."""
    return range(-site.model.experts % site.role.ep, site.role.redundant_experts, site.role.ep)


def _more_gpus(site: RoleSite, fits: Fits) -> str | None:
    """The fewest GPUs a worker on which the model fits with the same flags."""
    for gpus in _worker_sizes(site.hardware.gpus_per_node):
        if gpus <= site.role.gpus_per_worker:
            continue
        larger = resized(site, gpus)
        if not arithmetic_problems(larger) and fits(larger):
            role = larger.role
            sizes = (
                f"nodes: {role.nodes}, gpusPerNode: {role.gpus_per_node}, tp: {role.tp}, dp: {role.dp}, ep: {role.ep}"
            )
            redundant = f", redundantExperts: {role.redundant_experts}" if role.redundant_experts else ""
            weights = worker_memory(larger.model, larger.gpu, role).weights_gb
            holds = f"{weights:.1f} GB of weights on each {_leaves(larger)}"
            return f"use {gpus} {site.hardware.gpu} a worker ({sizes}{redundant}): {holds}"
    return None


def _worker_sizes(per_node: int) -> Iterator[int]:
    """Parts of a node, then whole nodes."""
    yield from (n for n in range(1, per_node) if per_node % n == 0)
    yield from range(per_node, MAX_GPUS + 1, per_node)


def _leaves(site: RoleSite) -> str:
    memory = worker_memory(site.model, site.gpu, site.role)
    return f"leaves {memory.kv_cache_gb:.1f} GB ({memory.kv_cache_tokens:,} tokens)"
