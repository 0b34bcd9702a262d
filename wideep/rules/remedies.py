"""What to change when memory is short, each change alone and tried: it breaks no rule and leaves what is needed.

Two things can be short, and they ask for opposite changes: room for the KV cache (``for_cache``), and room outside the
pool, where the engine runs out of memory (``for_outside``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wideep.memory import GpuMemory
from wideep.rules.arithmetic import arithmetic_problems
from wideep.rules.cache import cache_problems
from wideep.rules.fit import fits, spare_gb, useful_tokens
from wideep.rules.hardware import node_problems, nodes_needed
from wideep.rules.platform import platform_problems
from wideep.rules.role_context import RoleContext
from wideep.rules.stack import stack_problems
from wideep.settings.layout import Role
from wideep.settings.root import Settings

__all__ = ["LEAST_GAIN_GB", "Remedy", "for_cache", "for_outside", "resized", "sound"]

PERCENT: Final = 100
MOST_PERCENT: Final = 95
LEAST_PERCENT: Final = 30
MAX_GPUS: Final = 512
LEAST_GAIN_GB: Final = 5.0
"""GB on a GPU that a change brings where memory turned out to be short: less is within what activations vary by."""
MARGIN: Final = 0.01
"""Of the pool that a remedy leaves beyond the least useful cache: weights and free memory are known to so much."""
LEAST_DISPATCH: Final = 16
LEAST_BATCH: Final = 8
LEAST_CHUNK: Final = 1024
GRAPH_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Remedy:
    """A change of one role."""

    keys: str
    """What to write under the role, ``nodes: 3, tp: 24``."""
    site: RoleContext
    """The role with it."""
    gpus: int | None = None
    """GPUs of a worker, where the change is of them."""
    hardware_nodes: int | None = None
    """``hardware.nodes`` that it needs, where that is more than there are."""

    @property
    def memory(self) -> GpuMemory:
        """One GPU's memory with it."""
        return self.site.memory

    @property
    def leaves(self) -> str:
        """The KV cache that it leaves."""
        return f"{self.memory.kv_cache_gb:.1f} GB ({self.memory.kv_cache_tokens:,} tokens) for the KV cache"

    @property
    def under_stack(self) -> str:
        """The same as keys of the stack: ``layout.decode.memFractionStatic: 0.8``."""
        several = self.keys.count(": ") > 1
        nodes = f" and hardware.nodes: {self.hardware_nodes}" if self.hardware_nodes else ""
        role = f"layout.{self.site.name}"
        return (f"{role}: {{{self.keys}}}" if several else f"{role}.{self.keys}") + nodes

    @property
    def stated(self) -> str:
        """All that is to be written."""
        return self.keys + (f" and hardware.nodes: {self.hardware_nodes}" if self.hardware_nodes else "")

    def __str__(self) -> str:
        left = f"leaves {self.leaves} and {self.memory.headroom_gb:.1f} GB outside the pool"
        if self.gpus is None:
            return f"set {self.stated}, which {left}"
        nodes = f" and hardware.nodes: {self.hardware_nodes}" if self.hardware_nodes else ""
        worker = f"use {self.gpus} {self.site.hardware.gpu} a worker ({self.keys}){nodes}"
        return f"{worker}: {self.memory.weights_gb:.1f} GB of weights on each {left}"


def for_cache(site: RoleContext, gain_gb: float = 0.0) -> list[Remedy]:
    """The changes that make the KV cache at least ``gain_gb`` larger: pool, redundant experts, GPUs a worker."""
    wanted = _cache_gb(site) + gain_gb

    def helps(changed: RoleContext) -> bool:
        return _cache_gb(changed) >= wanted and sound(changed)

    return _each_first(helps, _larger_pools(site), _fewer_experts(site), _more_gpus(site))


def for_outside(site: RoleContext, gain_gb: float = 0.0) -> list[Remedy]:
    """The changes that leave at least ``gain_gb`` more than is needed outside the pool.

    A smaller pool, where need be with fewer redundant experts; smaller batches; more GPUs a worker.
    """
    wanted = max(0.0, spare_gb(site) + gain_gb)

    def helps(changed: RoleContext) -> bool:
        return spare_gb(changed) >= wanted and sound(changed)

    smaller = _first(helps, _smaller_pools(site)) or _first(helps, _smaller_pools_with_fewer_experts(site))
    others = _each_first(helps, _smaller_batches(site), _more_gpus(site))
    return [*([smaller] if smaller else []), *others]


def sound(site: RoleContext) -> bool:
    """No rule of the role is broken, nothing is short outside the pool, and the cache is more than just useful."""
    if not fits(site):
        return False
    memory = site.memory
    least = useful_tokens(site) * memory.kv_bytes_per_token + MARGIN * memory.pool_bytes
    return memory.kv_cache_bytes >= least and spare_gb(site) >= 0 and not arithmetic_problems(site)


def resized(site: RoleContext, gpus: int) -> RoleContext:
    """The same worker over ``gpus`` GPUs: sizes that were all of tp stay so, the others stay as they are.

    Redundant experts are rounded up to what the new ep allows; each attention group keeps its share of the chunk.
    """
    role, per_node = site.role, min(gpus, site.hardware.gpus_per_node)
    tp = gpus // role.pp
    ep = tp if role.ep == role.tp else role.ep
    redundant = role.redundant_experts + -(site.model.experts + role.redundant_experts) % ep
    dp = tp if role.dp == role.tp else role.dp
    return site.changed(
        nodes=gpus // per_node,
        gpus_per_node=per_node,
        tp=tp,
        dp=dp,
        ep=ep,
        redundant_experts=redundant,
        chunked_prefill_size=role.chunked_prefill_size and role.chunked_prefill_size * dp // role.dp,
    )


def _first(helps: Callable[[RoleContext], bool], candidates: Iterator[Remedy]) -> Remedy | None:
    whole = (_in_stack(remedy) for remedy in candidates if helps(remedy.site))
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
    """The most redundant experts first. Below today's number, what (E + R) % ep = 0 allows, and at most one for each
    expert: a number that is far too large is not searched down from."""
    today, ep = site.role.redundant_experts, site.role.ep
    steps = max(1, -(-(today - site.model.experts) // ep))
    for redundant in range(today - steps * ep, -1, -ep):
        yield Remedy(f"redundantExperts: {redundant}", site.changed(redundant_experts=redundant))


def _smaller_pools_with_fewer_experts(site: RoleContext) -> Iterator[Remedy]:
    for fewer in _fewer_experts(site):
        for smaller in _smaller_pools(fewer.site):
            yield Remedy(f"{fewer.keys}, {smaller.keys}", smaller.site)


def _smaller_batches(site: RoleContext) -> Iterator[Remedy]:
    """Half of what is computed at once, and half of that: dispatched tokens, captured batches, or a prefill chunk."""
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
    """Fewer dispatched tokens, and no captured batch above them."""
    changed = site.changed(max_dispatch_tokens_per_rank=tokens)
    if not site.role.cuda_graph_batch_sizes:
        return Remedy(f"maxDispatchTokensPerRank: {tokens}", changed)
    most = tokens // site.role.tokens_per_request
    graphs = tuple(size for size in site.role.cuda_graph_batch_sizes if size <= most) or (most,)
    listed = ", ".join(map(str, graphs))
    keys = f"maxDispatchTokensPerRank: {tokens}, cudaGraphBatchSizes: [{listed}]"
    return Remedy(keys, changed.changed(cuda_graph_batch_sizes=graphs))


def _more_gpus(site: RoleContext) -> Iterator[Remedy]:
    """The fewest GPUs a worker first, with the same flags."""
    for gpus in _worker_sizes(site.hardware.gpus_per_node):
        if gpus > site.role.gpus_per_worker and gpus % site.role.pp == 0:
            larger = resized(site, gpus)
            yield Remedy(_sizes(site, larger), larger, gpus)


def _in_stack(remedy: Remedy) -> Remedy | None:
    """The same with the nodes that the stack lacks for more GPUs. None where something around the role would break
    that was not broken before: names, the volume's access mode.
    """
    stack = remedy.site.stack
    if stack is None or remedy.gpus is None:
        return remedy
    needed = nodes_needed(_changed(remedy, stack).layout.roles.values(), stack.hardware.gpus_per_node)
    whole = replace(remedy, hardware_nodes=needed if needed > stack.hardware.nodes else None)
    return None if _around(_changed(whole, stack)) - _around(stack) else whole


def _around(stack: Settings) -> set[str]:
    rules = (node_problems, stack_problems, platform_problems, cache_problems)
    return {problem.key for rule in rules for problem in rule(stack)}


def _changed(remedy: Remedy, stack: Settings) -> Settings:
    nodes = remedy.hardware_nodes or stack.hardware.nodes
    return stack.model_copy(
        update={
            "layout": stack.layout.model_copy(update={str(remedy.site.name): remedy.site.role}),
            "hardware": stack.hardware.model_copy(update={"nodes": nodes}),
        }
    )


def _sizes(site: RoleContext, larger: RoleContext) -> str:
    """The keys that differ or belong together."""
    role = larger.role
    sizes = f"nodes: {role.nodes}, gpusPerNode: {role.gpus_per_node}, tp: {role.tp}, dp: {role.dp}, ep: {role.ep}"
    redundant = f", redundantExperts: {role.redundant_experts}" if role.redundant_experts else ""
    changed = role.chunked_prefill_size != site.role.chunked_prefill_size
    return f"{sizes}{redundant}" + (f", chunkedPrefillSize: {role.chunked_prefill_size}" if changed else "")


def _worker_sizes(per_node: int) -> Iterator[int]:
    """Parts of a node, then whole nodes."""
    yield from (n for n in range(1, per_node) if per_node % n == 0)
    yield from range(per_node, MAX_GPUS + 1, per_node)
