"""Queries of dashboards and alerts: PromQL with the stack's own names and numbers, if the release has the series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Template
from typing import TYPE_CHECKING, Final

from wideep.dynamo.releases import ReleaseRow
from wideep.monitoring.catalogue import known_series, named_series

if TYPE_CHECKING:
    from wideep.plan import Plan, RolePlan

__all__ = ["available", "filled", "numbers", "roles_of"]

_ROLE: Final = re.compile(r'role="(\w+)"')


def available(query: str, release: ReleaseRow) -> bool:
    """Tell whether the release has every series that the query names."""
    return named_series(query) <= known_series(release).keys()


def roles_of(query: str) -> frozenset[str]:
    """Return the pod roles whose series the query selects."""
    return frozenset(_ROLE.findall(query))


def filled(query: str, known: Mapping[str, str]) -> str:
    """Return the query with each known ``$name`` replaced. Unknown names stay, because Grafana has variables of its
    own."""
    return Template(" ".join(query.split())).safe_substitute(known)


def numbers(plan: Plan) -> dict[str, str]:
    """Return the names and numbers of a stack that queries may use. ``graph`` and ``namespace`` are values of labels,
    sizes are bytes."""
    watched = plan.monitoring
    roles = {str(name): role for name, role in plan.roles.items()}
    outside = {str(name): each for name, each in watched.outside_gb.items()} if watched else {}
    return {
        "graph": plan.name,
        "namespace": plan.namespace,
        "gpus": str(plan.gpus),
        "ttft": _seconds(watched.ttft_ms if watched else None),
        "itl": _seconds(watched.itl_ms if watched else None),
        **{f"{name}_bytes": str(_planned_bytes(role, outside.get(name, 0))) for name, role in roles.items()},
    }


def _planned_bytes(role: RolePlan, outside_gb: float) -> int:
    """Return the bytes that the Plan expects in use on each GPU of a role while it serves: CUDA's and NCCL's, weights,
    KV cache, and what the engine needs beside its pool. ``wideep gpus`` predicts the same."""
    memory = role.memory
    return round(1e9 * (memory.taken_gb + sum(memory.weights.values()) + memory.kv_cache_gb + outside_gb))


def _seconds(milliseconds: float | None) -> str:
    """Return the limit in seconds as text, ``2`` or ``0.05``; empty if there is no limit."""
    return "" if milliseconds is None else f"{milliseconds / 1000:g}"
