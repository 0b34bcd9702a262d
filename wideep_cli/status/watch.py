"""A status that goes on: looked at again when something changes, until the graph is ready or has failed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from wideep.engines import engine_of
from wideep_cli.deployment import DeployedGraph
from wideep_cli.status.frontend import FrontendView, ask_frontend
from wideep_cli.status.report import Watched
from wideep_cli.status.served import Unasked, judged
from wideep_cli.status.snapshot import Snapshot, State, take
from wideep_cluster import ClusterError, ForbiddenError, forward_service
from wideep_cluster.kinds import PODS, Kind
from wideep_cluster.objects import KubeObject

__all__ = ["Look", "ask_once", "look", "looks"]

T = TypeVar("T", bound=KubeObject)
SETTLE_SECONDS: Final = 0.5
"""Changes come in bursts: one look for each."""
PROGRESS_SECONDS: Final = 5.0
"""While something loads, its log is read so often; nothing else of a cluster at rest is asked again."""
WATCH_SECONDS: Final = 300
ENDS: Final = frozenset({State.READY, State.FAILED, State.ABSENT})


@dataclass(frozen=True)
class Look:
    """One look. ``rate``: requests per second since the one before."""

    seen: Watched
    rate: float | None = None


def ask_once(live: DeployedGraph, snapshot: Snapshot) -> FrontendView | str:
    """What the frontend says, through a port-forward that ends with the question."""
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
    """The cluster and the frontend, asked once."""
    snapshot = take(live)
    frontend = ask_once(live, snapshot)
    return judged(live.plan, snapshot, frontend), frontend


def looks(live: DeployedGraph) -> Iterator[Look]:
    """Look after look, the last one when the graph is ready, has failed, or is not there."""
    changes = _Changes(live)
    before: tuple[float, int] | None = None
    with contextlib.closing(changes):
        while True:
            changes.seen.clear()
            snapshot, frontend = look(live)
            rate = None
            if isinstance(frontend, FrontendView) and frontend.figures:
                now = (time.monotonic(), frontend.figures.requests)
                rate = max(0, now[1] - before[1]) / (now[0] - before[0]) if before else None
                before = now
            yield Look((snapshot, frontend), rate)
            if snapshot.state in ENDS:
                return
            changes.wait(PROGRESS_SECONDS)


@dataclass
class _Changes:
    """Watches of the graph and its pods, each in a thread; an error in one is raised by the next wait."""

    live: DeployedGraph
    seen: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    failed: ClusterError | None = None

    def __post_init__(self) -> None:
        self._start(self.live.graphs)
        self._start(PODS, self.live.selector)

    def wait(self, seconds: float) -> None:
        """Until something has changed, or the time is up."""
        if self.seen.wait(seconds):
            time.sleep(SETTLE_SECONDS)
        if self.failed:
            raise self.failed

    def close(self) -> None:
        """The threads end with the process, or at their next event."""
        self.over.set()

    def _start(self, kind: Kind[T], labels: str = "") -> None:
        threading.Thread(target=self._watch, args=(kind, labels), name=f"watch {kind.plural}", daemon=True).start()

    def _watch(self, kind: Kind[T], labels: str) -> None:
        cluster, namespace = self.live.cluster, self.live.plan.namespace
        try:
            while not self.over.is_set():
                version = cluster.list(kind, namespace, labels=labels).version
                self.seen.set()
                for _ in cluster.watch(kind, namespace, version, WATCH_SECONDS, labels=labels):
                    self.seen.set()
                    if self.over.is_set():
                        return
        except ClusterError as error:
            self.failed = error
            self.seen.set()
