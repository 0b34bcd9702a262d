"""A continuous status: a new look whenever something changes, until the graph is ready or has failed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wideep.engines import engine_of
from wideep_cli.deployment import DeployedGraph
from wideep_cli.status.frontend import FrontendView, ask_frontend
from wideep_cli.status.report import Watched
from wideep_cli.status.served import Unasked, judged
from wideep_cli.status.snapshot import Snapshot, State, take
from wideep_cluster import ClusterError, ForbiddenError, forward_service
from wideep_cluster.informer import Informer
from wideep_cluster.kinds import PODS, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import KubeObject

__all__ = ["Look", "ask_once", "look", "looks"]

PROGRESS_SECONDS: Final = 5.0
"""Longest wait for a change before the next look: while a model loads, only the logs show progress."""
ENDS: Final = frozenset({State.READY, State.FAILED, State.ABSENT})


@dataclass(frozen=True)
class Look:
    """One look. ``rate``: requests per second since the previous look; None if unknown."""

    seen: Watched
    rate: float | None = None


def ask_once(live: DeployedGraph, snapshot: Snapshot) -> FrontendView | str:
    """Return what the frontend reports, or why it does not, through a port-forward that lasts for one query."""
    if snapshot.state is State.ABSENT:
        return "there is none"
    try:
        with forward_service(live.cluster, live.plan.namespace, live.plan.frontend.service) as port:
            return ask_frontend(port, live.plan, engine_of(live.loaded.settings))
    except ForbiddenError as error:
        return Unasked(str(error).rstrip("."))
    except ClusterError as error:
        return str(error).rstrip(".")


def look(live: DeployedGraph) -> Watched:
    """Query the cluster and the frontend once."""
    snapshot = take(live)
    frontend = ask_once(live, snapshot)
    return judged(live.plan, snapshot, frontend), frontend


def looks(live: DeployedGraph) -> Iterator[Look]:
    """Yield one look after another, the last when the graph is ready, has failed or does not exist."""
    before: tuple[float, int] | None = None
    changes: Informer | None = None
    with contextlib.ExitStack() as over:
        while True:
            snapshot, frontend = look(live)
            rate = None
            if isinstance(frontend, FrontendView) and frontend.figures:
                now = (time.monotonic(), frontend.figures.requests)
                rate = max(0, now[1] - before[1]) / (now[0] - before[0]) if before else None
                before = now
            yield Look((snapshot, frontend), rate)
            if snapshot.state in ENDS:
                return
            changes = changes or over.enter_context(_changes(live))
            changes.wait(PROGRESS_SECONDS)


def _changes(live: DeployedGraph) -> Informer:
    """Watch the graph and its pods, which carry its label under every release's operator, with or without Grove.

    The download's pod does not carry the label; its progress is read from its log at each look.
    """
    place = KubeNamespace(live.cluster, live.plan.namespace)

    def concerns(kind: Kind[KubeObject], item: KubeObject) -> bool:
        return kind == PODS or item.name == live.plan.name

    return Informer(place, (live.graphs, PODS), concerns, {PODS: live.selector})
