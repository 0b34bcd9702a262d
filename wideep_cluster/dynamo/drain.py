"""Taking a graph down: checks that it can be deleted, and waits until nothing of it is left on the cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from wideep.dynamo.api import GRAPH_LABEL
from wideep.text import some_of
from wideep_cluster.cancellation import interruption, interruption_of_a_hook
from wideep_cluster.dynamo.operator import OPERATOR_KINDS, OperatorStatus, is_operators
from wideep_cluster.errors import ClusterError, ForbiddenError
from wideep_cluster.informer import Informer
from wideep_cluster.kinds import CLIQUE_SETS, COMPONENTS, GRAPHS, NAMESPACES, PODS, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import KubeObject, Namespace
from wideep_cluster.retry import ask_again, poll

__all__ = ["DrainError", "await_operator", "await_previous", "drain", "is_of_graph"]

Progress = Callable[[str], None]

KINDS: Final[tuple[Kind[KubeObject], ...]] = (GRAPHS, COMPONENTS, CLIQUE_SETS, PODS)
"""In the order in which the objects disappear."""
TICK_SECONDS: Final = 1.0
"""How soon Ctrl-C is noticed."""
RETRY_SECONDS: Final = 2
"""Pause before a server that does not answer is asked again."""
OPERATOR_SECONDS: Final = 120
"""How long an operator that is not ready may take, before a graph is deleted that the state does not know."""
GONE_SECONDS: Final = 60
NAMESPACE_GONE: Final = (
    "namespace {} was deleted manually, and Helm cannot uninstall what was deleted with it: if this fails with "
    '"release: not found", run pulumi destroy --refresh'
)
CONVERSION: Final = "conversion webhook"
"""Part of the API server's error when it reads objects that only the operator can convert. Unlike an admission webhook,
a conversion webhook has no failure policy that would let the request pass."""
SHOWN: Final = 6
"""The number of objects that a message names; there can be hundreds of pods."""


class DrainError(Exception):
    """Something of the graph is still there when the time is up."""


@dataclass(frozen=True)
class Left:
    """An object that still exists."""

    kind: Kind[KubeObject]
    item: KubeObject

    def __str__(self) -> str:
        finalizers = self.item.metadata.finalizers
        held = f" (finalizer {', '.join(finalizers)})" if finalizers else ""
        return f"{self.kind.name} {self.item.name}{held}"


def drain(place: KubeNamespace, graph: str, deadline_seconds: int, progress: Progress) -> None:
    """Return once no component, PodCliqueSet or pod of the graph is left in the namespace.

    A graph that is not being deleted is deleted, because the caller has already deleted the graph that the state knew.
    Report what it waits for whenever that changes. Raise DrainError after ``deadline_seconds``, with the objects that
    are left and a remedy, or at once if no operator exists that could take the graph down.
    """
    wait = _Wait(place, graph, deadline_seconds, progress)
    wait.until(lambda left, operator: _is_drained(wait, left, operator))


def await_operator(place: KubeNamespace, graph: str, deadline_seconds: int, progress: Progress) -> None:
    """Return once the operator can remove the graph's objects, or if there are none.

    Raise DrainError after ``deadline_seconds``, or at once if no operator exists that could come back: deleting the
    graph now would leave it half deleted.
    """
    wait = _Wait(place, graph, deadline_seconds, progress)
    wait.until(lambda left, operator: _operator_ready(wait, left, operator))


def await_previous(place: KubeNamespace, graph: str, deadline_seconds: int, progress: Progress) -> None:
    """Return once nothing is left of a deleted graph of this name: a new one would use its Service, which is deleted
    with it, and needs its GPUs. If the graph itself exists, return at once: the provider refuses to create it again.

    Raise DrainError after ``deadline_seconds``, with the objects that are left.
    """
    with interruption_of_a_hook() as interrupted:
        wait = _Wait(place, graph, deadline_seconds, progress, command="pulumi up", interrupted=interrupted)
        wait.until(lambda left, _: _previous_gone(wait, left))


@dataclass
class _Wait:
    """The parameters of one wait, and what it has reported last."""

    place: KubeNamespace
    graph: str
    deadline_seconds: int
    progress: Progress
    said: str = ""
    command: str = "pulumi destroy"
    """The command that continues after Ctrl-C."""
    interrupted: threading.Event = field(default_factory=interruption)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.deadline_seconds

    @property
    def seconds(self) -> int:
        """Seconds that are left."""
        return int(self._end - time.monotonic())

    def until(self, is_over: Callable[[list[Left], OperatorStatus], bool]) -> None:
        """Check the remaining objects and the operator, and again whenever either changes or the time is up. Retry
        while the API server does not answer or is too busy."""

        def say(error: ClusterError) -> None:
            what = "the graph cannot be read" if CONVERSION in error.reason else "the API server is unreachable"
            self.say(f"{what} ({error.reason}); retrying")

        try:
            ask_again(lambda: self._look_until(is_over), self.seconds, RETRY_SECONDS, say)
        except ClusterError as error:
            if not error.is_temporary:
                raise
            raise DrainError(_unanswered(self, error)) from None

    def _look_until(self, is_over: Callable[[list[Left], OperatorStatus], bool]) -> None:
        with Informer(self.place, (*KINDS, *OPERATOR_KINDS), self._concerns) as watched:
            operator = self.place.operator()
            while not is_over([Left(kind, item) for kind in KINDS for item in watched.items(kind)], operator):
                if not watched.wait(min(self.seconds, TICK_SECONDS)).isdisjoint(OPERATOR_KINDS):
                    operator = self.place.operator()
                if self.interrupted.is_set():
                    raise DrainError(f"interrupted: {self.said}. Run `{self.command}` to continue.")

    def _concerns(self, kind: Kind[KubeObject], item: KubeObject) -> bool:
        return is_operators(item) if kind in OPERATOR_KINDS else is_of_graph(self.graph, kind, item)

    def say(self, text: str) -> None:
        if text != self.said:
            self.progress(text)
        self.said = text


def is_of_graph(graph: str, kind: Kind[KubeObject], item: KubeObject) -> bool:
    """Tell whether an object is the graph of that name, or one of its components, PodCliqueSets or pods."""
    if kind is GRAPHS:
        return item.name == graph
    owners = [(owner.kind, owner.name) for owner in item.metadata.owner_references]
    return item.labels.get(GRAPH_LABEL) == graph or (GRAPHS.name, graph) in owners


def _is_drained(wait: _Wait, left: list[Left], operator: OperatorStatus) -> bool:
    place, graph = wait.place, wait.graph
    if not left:
        wait.progress(f"nothing of graph {graph} is left in namespace {place.name}")
        if _is_gone(place):
            wait.progress(NAMESPACE_GONE.format(place.name))
        return True
    if wait.seconds <= 0:
        raise DrainError(_give_up(wait, left, operator))
    if any(one.kind is GRAPHS and not one.item.is_deleting for one in left):
        await_operator(place, graph, min(OPERATOR_SECONDS, wait.seconds), wait.progress)
        wait.say(f"graph {graph}: orphaned by an interrupted run (not in the state); deleting it")
        place.cluster.delete(GRAPHS, graph, place.name)
        return False
    wait.say(f"graph {graph}: waiting for {some_of(left, SHOWN)}" + ("" if operator.ready else f"; {operator.message}"))
    return False


def _is_gone(place: KubeNamespace) -> bool:
    """Tell whether somebody has deleted the namespace itself. Wait up to a minute for one that is Terminating."""

    def is_terminating(found: Namespace | None) -> bool:
        return found is not None and found.is_deleting

    try:
        found = poll(lambda: place.cluster.find(NAMESPACES, place.name), is_terminating, GONE_SECONDS, 1)
    except ForbiddenError:
        return False
    return found is None or is_terminating(found)


def _operator_ready(wait: _Wait, left: list[Left], operator: OperatorStatus) -> bool:
    if operator.ready is not False or not left:
        return True
    if not operator.installed or wait.seconds <= 0:
        head = (
            f"graph {wait.graph} in namespace {wait.place.name} is not deleted, because its deletion would never "
            "finish:"
        )
        raise DrainError("\n".join([head, *_remedy(wait, left, operator)]))
    wait.say(f"graph {wait.graph}: {operator.message}; waiting for it before the graph is deleted")
    return False


def _previous_gone(wait: _Wait, left: list[Left]) -> bool:
    if not left or any(one.kind is GRAPHS for one in left):
        return True
    if wait.seconds <= 0:
        raise DrainError(
            f"after {wait.deadline_seconds} s these objects of the previous graph {wait.graph} are still in namespace "
            f"{wait.place.name}: {some_of(left, SHOWN)}. The new graph would use the same names. When they "
            "are deleted, run: pulumi up"
        )
    wait.say(f"graph {wait.graph}: waiting for the previous one's {some_of(left, SHOWN)}")
    return False


def _give_up(wait: _Wait, left: list[Left], operator: OperatorStatus) -> str:
    still = f"after {wait.deadline_seconds} s these objects of graph {wait.graph} are still in namespace"
    lines = [
        f"{still} {wait.place.name}: {some_of(left, SHOWN)}.",
        "The platform is kept until then, because only its operator can remove them.",
        *_remedy(wait, left, operator),
    ]
    return "\n".join(lines)


def _remedy(wait: _Wait, left: list[Left], operator: OperatorStatus) -> list[str]:
    """Return the lines that say what to do about objects that do not disappear."""
    namespace, lines = wait.place.name, list[str]()
    if not operator.ready:
        message = operator.message[0].upper() + operator.message[1:]
        lines.append(f"{message}. Only a running operator (up to Dynamo 0.9: and etcd) removes the finalizers.")
    lines.append("Start the operator, then run: pulumi destroy")
    held = [item for item in left if item.item.metadata.finalizers and item.kind is not PODS]
    if held:
        lines.append(
            "If the operator will not come back, remove the finalizers manually, then run pulumi destroy again:"
        )
        lines.append(f"  kubectl delete -n {namespace} {GRAPHS.plural} {wait.graph} --ignore-not-found --wait=false")
    patch = """--type=merge -p '{"metadata":{"finalizers":null}}'"""
    lines += [f"  kubectl patch -n {namespace} {left.kind.plural} {left.item.name} {patch}" for left in held]
    return lines


def _unanswered(wait: _Wait, error: ClusterError) -> str:
    unknown = f"so whether anything of graph {wait.graph} is left in namespace {wait.place.name} is not known."
    if CONVERSION in error.reason:
        return (
            f"after {wait.deadline_seconds} s graphs cannot be read ({error.reason}), {unknown} The Dynamo operator "
            "converts them from the stored version of their API: start it again, then run: pulumi destroy"
        )
    return (
        f"after {wait.deadline_seconds} s the API server is still unreachable, {unknown} Check "
        "`kubectl get --raw /readyz`, then run: pulumi destroy"
    )
