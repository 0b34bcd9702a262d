"""A graph at one moment, read with one list call per kind of object, whatever the number of pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from wideep.engines import engine_of
from wideep.plan import RolePlan
from wideep.settings.layout import Role
from wideep_cli.deployment import DeployedGraph, GraphPod, find_operator, members
from wideep_cli.status.loading import download_progress, loading_progress
from wideep_cluster import Cluster, ClusterError, ForbiddenError, UnreachableError
from wideep_cluster.dynamo.graph_parts import graph_parts
from wideep_cluster.dynamo.operator import operator_version
from wideep_cluster.kinds import EVENTS, JOBS, PODS
from wideep_cluster.objects import Component, Event, Graph, Job, Pod
from wideep_cluster.podstate import Condition, Phase, condition_of

__all__ = ["Row", "Snapshot", "State", "take"]

T = TypeVar("T")
MOST_LOGS: Final = 8
"""Logs read per look. If more pods are loading, the first ones stand for the rest."""
LOG_LINES: Final = 200


class State(StrEnum):
    """The state of the whole graph. ``ABSENT``: it does not exist."""

    ABSENT = "absent"
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Row:
    """A pod with its place and its condition."""

    member: GraphPod
    condition: Condition


@dataclass(frozen=True)
class Snapshot:
    """The graph at one moment. ``seconds`` is its age."""

    state: State
    says: str
    seconds: float
    rows: tuple[Row, ...]
    expected: int
    """How many pods there should be."""
    download: str
    operator: str
    unseen: tuple[str, ...]
    """What could not be read, and why."""

    @property
    def ready_pods(self) -> int:
        """How many pods are ready, of ``expected``."""
        return sum(row.condition.phase is Phase.READY for row in self.rows)


@dataclass(frozen=True)
class _Seen:
    """The objects as the cluster listed them."""

    graph: Graph | None
    graph_hidden: bool
    """The user may not see the graph, whether it exists or not."""
    pods: tuple[Pod, ...]
    events: tuple[Event, ...]
    job: Job | None
    operator: str
    unseen: tuple[str, ...]


def take(live: DeployedGraph) -> Snapshot:
    """Read the graph's state once.

    Raises:
        UnreachableError: the cluster does not respond.
        ForbiddenError: the user may not even list the pods.
    """
    seen = _look(live)
    rows = _rows(live, seen)
    state, says = _state(live, seen, rows)
    born = seen.graph.metadata.creation_timestamp if seen.graph else None
    return Snapshot(
        state=state,
        says=says,
        seconds=(datetime.now(UTC) - born).total_seconds() if born else 0.0,
        rows=rows,
        expected=sum(_wanted(live, seen).values()),
        download=_download(live, seen),
        operator=seen.operator,
        unseen=seen.unseen,
    )


def _wanted(live: DeployedGraph, seen: _Seen) -> dict[Component, int]:
    """Return the wanted pods by component. If something else scales the workers, the graph's own replicas count."""
    there = {part.role: part.replicas for part in graph_parts(seen.graph.spec)} if seen.graph else {}

    def workers(role: Role, plan: RolePlan) -> int:
        return there.get(role, plan.replicas) if plan.replicas_managed_by else plan.replicas

    frontends = sum(part.replicas for part in live.plan.graph.parts if part.role == Component.FRONTEND)
    roles = {Component(role): workers(role, plan) * plan.pods for role, plan in live.plan.roles.items()}
    return {Component.FRONTEND: frontends, **roles}


def _look(live: DeployedGraph) -> _Seen:
    cluster, plan = live.cluster, live.plan
    unseen: list[str] = []

    def attempt(question: Callable[[], T], otherwise: T) -> T:
        try:
            return question()
        except ForbiddenError as error:
            unseen.append(str(error))
            return otherwise

    namespace = plan.namespace
    pods = cluster.list(PODS, namespace).items
    graph = attempt(lambda: cluster.find(live.graphs, plan.name, namespace), None)
    hidden = bool(unseen)
    events = attempt(lambda: cluster.list(EVENTS, namespace, fields="type=Warning").items, ())
    job = None
    if plan.download:
        name = plan.download.job
        job = attempt(lambda: cluster.find(JOBS, name, namespace), None)
    operator = attempt(lambda: _operator(cluster, namespace), "cannot be seen")
    return _Seen(graph, hidden, pods, events, job, operator, tuple(unseen))


def _operator(cluster: Cluster, namespace: str) -> str:
    found = find_operator(cluster, namespace)
    if found is None:
        return "there is none on the cluster"
    version = operator_version(found)
    named = f"{found.name}{f' {version}' if version else ''}"
    return f"{named} runs" if found.ready else f"{named} does not run: no pod of it is ready"


def _rows(live: DeployedGraph, seen: _Seen) -> tuple[Row, ...]:
    own = [pod for pod in seen.pods if pod.graph == live.plan.name]
    rows = [Row(member, condition_of(member.pod, seen.events)) for member in members(live.plan, own)]
    loading = [row for row in rows if row.condition.phase is Phase.LOADING and row.member.rank < 1]
    with ThreadPoolExecutor(MOST_LOGS) as pool:
        read = pool.map(partial(_progress, live), loading[:MOST_LOGS])
        told = {row.member.pod.name: progress for row, progress in zip(loading[:MOST_LOGS], read, strict=True)}
    return tuple(_told(row, told.get(row.member.pod.name, "starting")) for row in rows)


def _told(row: Row, progress: str) -> Row:
    """Return a loading row with its log's progress and how its container last ended; any other row unchanged."""
    if row.condition.phase is not Phase.LOADING:
        return row
    return replace(row, condition=Condition(Phase.LOADING, "; ".join(filter(None, (progress, row.condition.reason)))))


def _progress(live: DeployedGraph, row: Row) -> str:
    log = _log(live.cluster, row.member.pod)
    if isinstance(log, str):
        return log
    return loading_progress(log, engine_of(live.loaded.settings).log) if row.member.role else "started"


def _log(cluster: Cluster, pod: Pod) -> list[str] | str:
    """Return the last lines of the pod's log, or a text that says why they cannot be read."""
    try:
        return (cluster.logs(pod, pod.main.name, tail=LOG_LINES) or "").splitlines()
    except UnreachableError:
        raise
    except ClusterError as error:
        return f"running; cannot read its log: {error}"


def _download(live: DeployedGraph, seen: _Seen) -> str:
    """Describe the Job that fills the cache; empty if the stack has none, or if it is gone after finishing."""
    job = seen.job
    if job is None:
        return ""
    if job.status.succeeded:
        return "complete"
    pods = [pod for pod in seen.pods if pod.labels.get("job-name") == job.name and not pod.ended]
    failed = f", {job.status.failed} attempts failed" if job.status.failed else ""
    if any(c.type == "Failed" and c.status == "True" for c in job.status.conditions):
        return f"failed{failed}: wideep logs --role download"
    return f"{_downloading(live.cluster, pods[0], seen.events) if pods else 'waiting'}{failed}"


def _downloading(cluster: Cluster, pod: Pod, events: tuple[Event, ...]) -> str:
    condition = condition_of(pod, events)
    if condition.phase is not Phase.READY and condition.phase is not Phase.LOADING:
        return f"{condition.phase}: {condition.reason}"
    log = _log(cluster, pod)
    return log if isinstance(log, str) else f"running, {download_progress(log) or 'no progress yet'}"


def _state(live: DeployedGraph, seen: _Seen, rows: tuple[Row, ...]) -> tuple[State, str]:
    """Judge by the cluster alone; ``wideep_cli.status.served`` asks the frontend whether the model is served."""
    graph = seen.graph
    if graph is None and not rows:
        what = "pod of graph" if seen.graph_hidden else "graph"
        return State.ABSENT, f"There is no {what} {live.plan.name} in namespace {live.plan.namespace}: `pulumi up`."
    held = _held(live, seen, rows)
    if held:
        return held
    if seen.graph_hidden:
        return State.READY, "All pods are ready; the graph's own status cannot be read."
    if graph and graph.ready:
        return State.READY, "All pods are ready."
    if graph and not graph.is_observed:
        return State.WAITING, "The operator has not reconciled the graph's last change yet."
    return State.WAITING, _said(graph) or "The operator has not reconciled the graph yet."


def _held(live: DeployedGraph, seen: _Seen, rows: tuple[Row, ...]) -> tuple[State, str] | None:
    """Return what keeps the graph from being ready, the gravest first; None if nothing visible does."""
    graph = seen.graph
    if graph and graph.metadata.deletion_timestamp:
        return State.WAITING, f"The graph is Terminating: {len(rows)} pods remain."
    broken = next((row for row in rows if row.condition.phase is Phase.FAILED), None)
    if broken:
        return State.FAILED, f"{broken.member.place}: {broken.condition.reason}"
    if graph and graph.status.state == "failed":
        return State.FAILED, _said(graph) or "The operator says: failed."
    waiting = next((row for row in rows if row.condition.phase is not Phase.READY), None)
    if waiting:
        return State.WAITING, f"{waiting.member.place}: {waiting.condition.reason}"
    fewer = _fewer(_wanted(live, seen), rows)
    return (State.WAITING, fewer) if fewer else None


def _said(graph: Graph | None) -> str:
    return graph.condition.message if graph and graph.condition else ""


def _fewer(wanted: dict[Component, int], rows: tuple[Row, ...]) -> str:
    """Describe roles with fewer pods than the stack although all existing pods are ready; empty if there are none.

    Either somebody has scaled the graph, or the operator has not created the pods yet.
    """
    have = Counter(row.member.component for row in rows)
    fewer = [f"{have[one]} of {count} {one} pods" for one, count in wanted.items() if have[one] < count]
    if not fewer:
        return ""
    nobody = [str(one) for one in wanted if not have[one]]
    served = (
        f"The model is not served: there is no {' and no '.join(nobody)}. " if nobody else "Serving with fewer pods. "
    )
    return f"{served}{', '.join(fewer)}: if they were scaled manually, `pulumi up --refresh` restores them."
