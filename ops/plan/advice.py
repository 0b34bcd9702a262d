"""What to change first when memory is short: the lab's three remedies, each with what it would give.

All of it is asked of ``wideep.memory`` and ``wideep.rules``, with one field of the layout changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.plan.view import RoleView
from wideep.memory import worker_memory
from wideep.settings.layout import RoleLayout

__all__ = ["Remedy", "remedies"]

FRACTIONS = (0.70, 0.75, 0.80, 0.85, 0.90)


@dataclass(frozen=True)
class Remedy:
    """One change of one role, and its GPUs' memory after it (decimal GB)."""

    change: str
    kv_cache_gb: float
    kv_cache_tokens: int
    headroom_gb: float


def remedies(view: RoleView) -> list[Remedy]:
    """Memory fraction up and down, fewer redundant experts, more GPUs a worker: where each is possible."""
    return [_remedy(view, change, layout) for change, layout in _changes(view.layout, view.model.experts)]


def _changes(layout: RoleLayout, experts: int) -> Iterator[tuple[str, RoleLayout]]:
    now = layout.mem_fraction_static
    for fraction in (*(f for f in FRACTIONS if f > now), *(f for f in reversed(FRACTIONS) if f < now)):
        if fraction > now or not any(f > now for f in FRACTIONS):
            yield f"memFractionStatic: {fraction:.2f}", layout.model_copy(update={"mem_fraction_static": fraction})
            break
    fewer = layout.redundant_experts - layout.ep
    if fewer >= 0:
        yield f"redundantExperts: {fewer}", layout.model_copy(update={"redundant_experts": fewer})
    wider = _twice_as_wide(layout)
    if (experts + layout.redundant_experts) % wider.ep == 0:
        sizes = f"nodes: {wider.nodes}, tp: {wider.tp}, dp: {wider.dp}, ep: {wider.ep}"
        yield sizes, wider


def _twice_as_wide(layout: RoleLayout) -> RoleLayout:
    dp = layout.dp * 2 if layout.dp > 1 else 1
    return layout.model_copy(update={"nodes": layout.nodes * 2, "tp": layout.tp * 2, "dp": dp, "ep": layout.ep * 2})


def _remedy(view: RoleView, change: str, layout: RoleLayout) -> Remedy:
    memory = worker_memory(view.model, view.gpu, layout)
    return Remedy(change, memory.kv_cache_gb, memory.kv_cache_tokens, memory.headroom_gb)
