"""Waits until a graph is ready: what it reports meanwhile, and when it gives up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Final

from wideep.text import duration
from wideep_cluster.dynamo.diagnosis import diagnose
from wideep_cluster.dynamo.drain import is_of_graph
from wideep_cluster.dynamo.operator import OPERATOR_KINDS, is_operators
from wideep_cluster.dynamo.pods import ContainerExit, PodState, read_pod
from wideep_cluster.dynamo.readiness import GraphSnapshot, GraphTarget
from wideep_cluster.errors import ClusterError, UnreachableError
from wideep_cluster.informer import Informer
from wideep_cluster.kinds import CLIQUE_SETS, EVENTS, GRAPHS, PODS, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import Event, KubeObject, Meta, Pod
from wideep_cluster.progress import ChangeTracker, ProgressReporter

__all__ = ["GraphError", "await_graph"]

WARNINGS: Final = replace(EVENTS, optional=True)
SETS: Final = replace(CLIQUE_SETS, optional=True)
"""If the graph's name is long, PodCliqueSets and everything below them have a shortened name with a hash."""
TICK_SECONDS: Final = 1.0
"""How often the deadline and Ctrl-C are checked. The cluster is not polled: watches report changes."""
ASK_SECONDS: Final = 10.0
"""Time after the last change before it is checked whether an operator exists at all."""
QUIET_SECONDS: Final = 60.0
"""Time after the last change in which a running operator has acted: one that restarts has to become leader first."""
RETRY_SECONDS: Final = 2.0
LOG_LINES: Final = 200
LOGS: Final = 20
"""The number of logs that one wait reads: in a graph of hundreds of pods all may end at once, for one reason."""


class GraphError(Exception):
    """The graph does not become ready."""


def await_graph(
    place: KubeNamespace,
    wanted: GraphTarget,
    deadline_seconds: int,
    say: Callable[[str], None],
    interrupted: threading.Event,
) -> None:
    """Return once the graph is ready with the spec that was last written. Report which pods it waits for.

    Retry while the API server does not answer. Raise GraphError if something is wrong that does not resolve by itself,
    after ``deadline_seconds``, and if the user has interrupted.
    """
    wait = _Wait(place, wanted, ProgressReporter(say, f"graph {wanted.graph}", deadline_seconds), interrupted)
    while True:
        try:
            with Informer(place, (GRAPHS, PODS, WARNINGS, SETS, *OPERATOR_KINDS), wait.concerns) as watched:
                changed = set[Kind[KubeObject]](OPERATOR_KINDS)
                while not wait.is_over(watched, changed):
                    changed = watched.wait(TICK_SECONDS)
        except ClusterError as error:
            if not error.is_temporary:
                why = f"this user may not watch it ({error.reason})."
                asked = f"kubectl auth can-i watch pods,dynamographdeployments -n {place.name}"
                raise wait.error(why, asked) from None
            wait.goes_on(f"an answer from the API server, which is asked again ({error.reason})")
            interrupted.wait(RETRY_SECONDS)
        else:
            return


class _Wait:
    """The state of one wait."""

    def __init__(
        self, place: KubeNamespace, wanted: GraphTarget, progress: ProgressReporter, interrupted: threading.Event
    ) -> None:
        self._place, self._wanted, self._progress, self._interrupted = place, wanted, progress, interrupted
        self._changes = ChangeTracker()
        self._since: dict[tuple[str, str], float] = {}
        """The time at which each diagnosis was first made."""
        self._logs: dict[tuple[str, int], str] = {}
        self._before: frozenset[str] | None = None
        """The events from before the wait, whose causes may be over; None before the first look."""
        self._operator: str | None = None
        """What is wrong with the operator; empty: nothing; None: not checked yet."""

    def concerns(self, kind: Kind[KubeObject], item: KubeObject) -> bool:
        """Tell whether an object is the graph, one of its pods or their controllers, a warning, or an operator."""
        if kind in OPERATOR_KINDS:
            return is_operators(item)
        if isinstance(item, Event):
            return item.type == "Warning"
        return is_of_graph(self._wanted.graph, kind, item)

    def is_over(self, watched: Informer, changed: set[Kind[KubeObject]]) -> bool:
        """Tell whether the graph is ready. If it is not, report what it waits for, or raise GraphError."""
        view = self._view(watched)
        self._changes.see(view.stages)
        if view.is_ready and view.is_new:
            return True
        self._ask_operator(changed)
        if view.has_ready_pods and self._changes.idle_seconds > QUIET_SECONDS and not self._operator:
            return True  # with the pods from before: the last change of the spec needed no new ones
        if view.graph is None:
            raise self.error("it was deleted in the meantime.", "Run `pulumi up --refresh` to recreate it.")
        self._read_logs(view)
        self._give_up(view)
        old = "some are older than this update and may still be replaced" if view.has_ready_pods else ""
        self.goes_on("; ".join(filter(None, (str(view), self._operator or old, view.verdict))))
        return False

    def goes_on(self, state: str) -> None:
        """Report the state, or raise GraphError if the time is up or the user has interrupted."""
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
        events = watched.items(WARNINGS)
        if self._before is None:
            self._before = frozenset(map(_version, events))
        new = (event for event in events if _version(event) not in self._before)
        warnings = tuple(event for event in new if event.involved_object.name.startswith(names))
        graph = next(iter(watched.items(GRAPHS)), None)
        return GraphSnapshot(self._wanted, graph, tuple(map(read_pod, watched.items(PODS))), warnings)

    def _ask_operator(self, changed: set[Kind[KubeObject]]) -> None:
        """Check the operator if nothing changes, because it may not be running."""
        idle = self._changes.idle_seconds > ASK_SECONDS
        if not idle or not changed.isdisjoint(OPERATOR_KINDS):
            self._operator = None
        if idle and self._operator is None:
            operator = self._place.operator()
            self._operator = operator.message if operator.ready is False else ""

    def _read_logs(self, view: GraphSnapshot) -> None:
        for pod in view.active_pods:
            if pod.end and (pod.name, pod.end.times) not in self._logs and len(self._logs) < LOGS:
                self._logs[pod.name, pod.end.times] = self._log(pod, pod.end)

    def _log(self, pod: PodState, end: ContainerExit) -> str:
        """Return the last lines of a container's log, or of the log of its previous run; empty if it cannot be read."""
        named = Pod(metadata=Meta(name=pod.name, namespace=self._place.name))
        try:
            return self._place.cluster.logs(named, end.container, tail=LOG_LINES, previous=not end.now) or ""
        except UnreachableError:
            raise
        except ClusterError:
            return ""

    def _give_up(self, view: GraphSnapshot) -> None:
        """Raise GraphError for the first diagnosis that has outlasted its patience."""
        now = monotonic()
        found = list(diagnose(view, self._logs))
        self._since = {one.about: self._since.get(one.about, now) for one in found}
        lasting = next((one for one in found if now - self._since[one.about] >= one.patience), None)
        if lasting:
            raise self.error(f"{lasting.message}.", *lasting.remedy)

    def error(self, why: str, *remedy: str) -> GraphError:
        """Return an error that says why the graph is not ready, what to do about it, and how to continue."""
        head = f"graph {self._wanted.graph} in namespace {self._wanted.namespace} is not ready: {why}"
        return GraphError(
            "\n".join(
                [head, *(f"  {line}" for line in remedy), "  Then run `pulumi up` again; it continues from here."]
            )
        )


def _version(event: Event) -> str:
    return f"{event.metadata.uid} {event.metadata.resource_version}"
