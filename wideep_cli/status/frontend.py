"""What Dynamo's frontend reports: registered workers, models, and its metrics since it started."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from wideep.engines.base import Engine
from wideep.plan import Plan
from wideep.settings.layout import Role
from wideep_cli.exposition import Page
from wideep_cluster.dynamo.frontend import get, served_models

__all__ = ["Figures", "FrontendView", "ask_frontend", "read_figures"]

PREFIX: Final = "dynamo_frontend_"
WORKER_HASH: Final = "(-[0-9a-f]{6,})?"
"""Suffix of the Dynamo namespace that the workers of one revision share in Dynamo 1.x. The frontend is configured with
the prefix (DYN_NAMESPACE_PREFIX)."""


@dataclass(frozen=True)
class Figures:
    """Counts and means per request since the frontend started. Means are None before the first request."""

    requests: int
    inflight: int
    ttft_ms: float | None
    itl_ms: float | None
    input_tokens: float | None
    output_tokens: float | None


@dataclass(frozen=True)
class FrontendView:
    """What the frontend reports. ``workers``: how many of each role are registered."""

    workers: Mapping[Role, int] = field(default_factory=dict[Role, int])
    models: tuple[str, ...] = ()
    figures: Figures | None = None


def ask_frontend(port: int, plan: Plan, engine: Engine) -> FrontendView:
    """Return this graph's workers, all models, and the figures of the plan's model.

    ``engine`` says how its workers register.

    Raises:
        ClusterError: the frontend does not respond.
    """
    return FrontendView(
        workers=_workers(json.loads(get(port, "/health")), plan, engine),
        models=served_models(port),
        figures=read_figures(get(port, "/metrics"), plan.model),
    )


def _workers(health: Mapping[str, object], plan: Plan, engine: Engine) -> Mapping[Role, int]:
    """Count the complete workers of this graph's Dynamo namespace: a frontend lists those of all graphs on its etcd."""
    roles = engine.components
    names = {str(part.manifest.get("dynamoNamespace") or plan.name) for part in plan.graph.parts}
    names |= {f"{plan.namespace}-{name}" for name in names}
    own = re.compile(f"({'|'.join(map(re.escape, names))}){WORKER_HASH}")
    instances = cast("list[dict[str, str]]", health.get("instances") or [])
    found = Counter(
        roles[each["component"]]
        for each in instances
        if own.fullmatch(each.get("namespace", ""))
        and each.get("component") in roles
        and each.get("endpoint") == "generate"
    )
    pods = {role: plan.roles[role].pods if engine.each_pod_registers else 1 for role in Role}
    return {role: found[role] // pods[role] for role in Role}


def read_figures(text: str, model: str) -> Figures:
    """Parse Dynamo's metrics (Prometheus text format) of one model."""
    page = Page.read(text).of_model(model)

    def mean(name: str, scale: float = 1.0) -> float | None:
        count = page.total(f"{PREFIX}{name}_count")
        return page.total(f"{PREFIX}{name}_sum") / count * scale if count else None

    return Figures(
        requests=int(page.total(f"{PREFIX}requests_total")),
        inflight=int(page.total(f"{PREFIX}inflight_requests")),
        ttft_ms=mean("time_to_first_token_seconds", 1000),
        itl_ms=mean("inter_token_latency_seconds", 1000),
        input_tokens=mean("input_sequence_tokens"),
        output_tokens=mean("output_sequence_tokens"),
    )
