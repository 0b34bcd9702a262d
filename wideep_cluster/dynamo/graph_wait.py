"""Waiting until a graph is ready: what it says meanwhile, and when it gives up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Final, Protocol

from wideep.text import duration
from wideep_cluster import informer
from wideep_cluster.dynamo.diagnosis import diagnose
from wideep_cluster.dynamo.drain import CLIQUE_SET, GRAPH, GRAPH_LABEL, POD
from wideep_cluster.dynamo.pods import read_pod
from wideep_cluster.dynamo.readiness import GraphSnapshot, GraphTarget, WarningEvent
from wideep_cluster.errors import ClusterError
from wideep_cluster.informer import Informer
from wideep_cluster.kube import OPERATOR_KINDS, is_operators
from wideep_cluster.kube_objects import Item, Kind, part
from wideep_cluster.progress import ChangeTracker, ProgressReporter

__all__ = ["GraphError", "NamespacedClient", "await_graph"]

EVENT: Final = Kind("Event", "events", "events.k8s.io", "v1", optional=True)
SETS: Final = replace(CLIQUE_SET, optional=True)
"""Where the graph's name is long, they and all below them have a cut of it with a hash."""
TICK_SECONDS: Final = 1.0
"""How often the clock is looked at. Nothing is asked of the cluster then: it tells by itself what changes."""
ASK_SECONDS: Final = 10.0
"""So long after the last change it is time to ask whether there is an operator at all."""
QUIET_SECONDS: Final = 60.0
"""And so long after it an operator that lives has done what it had to: one that restarts has to become leader first."""
RETRY_SECONDS: Final = 2.0
LOGS: Final = 20
"""Logs that one wait reads: in a graph of hundreds of pods all may end at once, and for one reason."""


class GraphError(Exception):
    """The graph is not ready."""


class NamespacedClient(informer.NamespacedClient, Protocol):
    """A namespace in which a graph is waited for."""

    def log(self, pod: str, container: str, *, previous: bool) -> str: ...


def await_graph(
    place: NamespacedClient,
    wanted: GraphTarget,
    deadline_seconds: int,
    say: Callable[[str], None],
    interrupted: threading.Event,
) -> None:
    """Returns once the graph is ready with the spec that it was last written with. Says which pods it waits for.

    An API server that does not answer is asked again. Raises GraphError when something is wrong that will not get
    better by itself, after ``deadline_seconds``, and when the user has interrupted.
    """
    wait = _Wait(place, wanted, ProgressReporter(say, f"graph {wanted.graph}", deadline_seconds), interrupted)
    while True:
        try:
            with Informer(place, (GRAPH, POD, EVENT, SETS, *OPERATOR_KINDS), wait.concerns) as watched:
                changed = set(OPERATOR_KINDS)
                while not wait.is_over(watched, changed):
                    changed = watched.wait(TICK_SECONDS)
        except ClusterError as error:
            if not error.is_temporary:
                why = f"this user may not watch it ({error.reason})."
                asked = f"kubectl auth can-i watch pods,dynamographdeployments -n {place.name}"
                raise wait.error(why, asked) from None
            wait.goes_on(f"an answer of the API server, which is asked again ({error.reason})")
            interrupted.wait(RETRY_SECONDS)
        else:
            return


class _Wait:
    """One wait, and what it remembers."""

    def __init__(
        self, place: NamespacedClient, wanted: GraphTarget, progress: ProgressReporter, interrupted: threading.Event
    ) -> None:
        self._place, self._wanted, self._progress, self._interrupted = place, wanted, progress, interrupted
        self._changes = ChangeTracker()
        self._since: dict[tuple[str, str], float] = {}
        """When each trouble was seen first."""
        self._logs: dict[tuple[str, int], str] = {}
        self._before: frozenset[str] | None = None
        """The events of before the wait: what they tell may be over."""
        self._operator: str | None = None
        """What is wrong with it; None: not asked yet."""

    def concerns(self, kind: Kind, item: Item) -> bool:
        """Whether an object is the graph, a pod of it or what makes its pods, a warning, or an operator."""
        if kind in OPERATOR_KINDS:
            return is_operators(item)
        if kind is GRAPH:
            return item.name == self._wanted.graph
        if kind is EVENT:
            return item.body.get("type") == "Warning"
        return (GRAPH_LABEL, self._wanted.graph) in item.labels or (GRAPH.name, self._wanted.graph) in item.owners

    def is_over(self, watched: Informer, changed: set[Kind]) -> bool:
        """Whether the graph is ready; says what it waits for, or raises GraphError, where it is not."""
        view = self._view(watched)
        self._changes.see(view.stages)
        if view.is_ready and view.is_new:
            return True
        self._ask_operator(changed)
        if view.has_ready_pods and self._changes.idle_seconds > QUIET_SECONDS and not self._operator:
            return True  # with pods of before: what was written last needed no other ones
        if view.graph is None:
            raise self.error("it was deleted in the meantime.", "Run `pulumi up --refresh` to recreate it.")
        self._read_logs(view)
        self._give_up(view)
        old = "some are older than this update and may still be replaced" if view.has_ready_pods else ""
        self.goes_on("; ".join(filter(None, (str(view), self._operator or old, view.verdict))))
        return False

    def goes_on(self, state: str) -> None:
        """Says so, unless the time has passed or the user wants no more."""
        if self._interrupted.is_set():
            raise self.error(f"interrupted while waiting for {state}.")
        if self._progress.waited > self._progress.deadline_seconds:
            raise self.error(
                f"after {duration(self._progress.deadline_seconds)} it is still waiting for {state}. Last change, "
                f"{duration(self._changes.idle_seconds)} ago: {self._changes.last}.",
                "run `wideep doctor` for the cause; if it only needs longer, raise workers.readyTimeoutMinutes",
            )
        self._progress.tell(state)

    def _view(self, watched: Informer) -> GraphSnapshot:
        names = (self._wanted.graph, *(item.name for item in watched.items(SETS)))
        events = watched.items(EVENT)
        if self._before is None:
            self._before = frozenset(map(_version, events))
        new = (item for item in events if _version(item) not in self._before)
        warnings = tuple(_warned(item) for item in new if _about(item)[1].startswith(names))
        graph = next((item.body for item in watched.items(GRAPH)), None)
        return GraphSnapshot(self._wanted, graph, tuple(read_pod(item.body) for item in watched.items(POD)), warnings)

    def _ask_operator(self, changed: set[Kind]) -> None:
        """Where nothing moves, it may be because nobody works."""
        idle = self._changes.idle_seconds > ASK_SECONDS
        if not idle or not changed.isdisjoint(OPERATOR_KINDS):
            self._operator = None
        if idle and self._operator is None:
            operator = self._place.operator()
            self._operator = operator.message if operator.ready is False else ""

    def _read_logs(self, view: GraphSnapshot) -> None:
        for pod in view.active_pods:
            if pod.end and (pod.name, pod.end.times) not in self._logs and len(self._logs) < LOGS:
                log = self._place.log(pod.name, pod.end.container, previous=not pod.end.now)
                self._logs[pod.name, pod.end.times] = log

    def _give_up(self, view: GraphSnapshot) -> None:
        """On the first trouble that had its time to get better."""
        now = monotonic()
        found = list(diagnose(view, self._logs))
        self._since = {one.about: self._since.get(one.about, now) for one in found}
        lasting = next((one for one in found if now - self._since[one.about] >= one.patience), None)
        if lasting:
            raise self.error(f"{lasting.message}.", *lasting.remedy)

    def error(self, why: str, *remedy: str) -> GraphError:
        """Why it is not ready, what to do about it, and how to go on."""
        head = f"graph {self._wanted.graph} in namespace {self._wanted.namespace} is not ready: {why}"
        return GraphError(
            "\n".join(
                [head, *(f"  {line}" for line in remedy), "  Then run `pulumi up` again; it continues from here."]
            )
        )


def _version(item: Item) -> str:
    metadata = item.body["metadata"]
    return f"{metadata.get('uid')} {metadata.get('resourceVersion')}"


def _about(item: Item) -> tuple[str, str]:
    regarding = part(item.body, "regarding")
    return regarding.get("kind") or "", regarding.get("name") or ""


def _warned(item: Item) -> WarningEvent:
    return WarningEvent(" ".join(_about(item)), item.body.get("reason") or "", item.body.get("note") or "")
