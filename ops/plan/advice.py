"""What to change first when memory is short: the lab's three remedies, each with what it would give.

All of it is asked of ``wideep.memory`` and ``wideep.rules``, with the layout changed in one respect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.plan.view import RoleView
from wideep.memory import worker_memory
from wideep.rules import RoleSite, check_role
from wideep.rules.remedies import resized

__all__ = ["Remedy", "remedies"]

STEP = 0.05


@dataclass(frozen=True)
class Remedy:
    """One change of one role, and its GPUs' memory after it (decimal GB)."""

    change: str
    kv_cache_gb: float
    kv_cache_tokens: int
    headroom_gb: float


def remedies(view: RoleView) -> list[Remedy]:
    """Memory fraction up (for the KV cache) and down (for what is outside it), fewer redundant experts, more GPUs a
    worker: each where the rules allow it."""
    return [_remedy(change, site) for change, site in _changes(view.site) if not check_role(site)]


def _changes(site: RoleSite) -> Iterator[tuple[str, RoleSite]]:
    role = site.role
    for fraction in (round(role.mem_fraction_static + STEP, 2), round(role.mem_fraction_static - STEP, 2)):
        if 0 < fraction < 1:
            yield f"memFractionStatic: {fraction:.2f}", site.changed(mem_fraction_static=fraction)
    fewer = role.redundant_experts - role.ep
    if fewer >= 0:
        yield f"redundantExperts: {fewer}", site.changed(redundant_experts=fewer)
    wider = resized(site, 2 * role.gpus_per_worker)
    yield f"{wider.role.gpus_per_worker} GPUs a worker", wider


def _remedy(change: str, site: RoleSite) -> Remedy:
    memory = worker_memory(site.model, site.gpu, site.role)
    return Remedy(change, memory.kv_cache_gb, memory.kv_cache_tokens, memory.headroom_gb)
