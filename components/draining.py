"""Taking a graph down: whether it can be, and waiting until nothing of it is left on the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from components.kube import Item, Kind, Listing, Operator

__all__ = ["DrainError", "Place", "await_operator", "drain"]

Progress = Callable[[str], None]

GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
GRAPH: Final = Kind("DynamoGraphDeployment", "dynamographdeployments", "nvidia.com")
POD: Final = Kind("Pod", "pods", None)
KINDS: Final = (
    GRAPH,
    Kind("DynamoComponentDeployment", "dynamocomponentdeployments", "nvidia.com"),
    Kind("PodCliqueSet", "podcliquesets", "grove.io"),
    POD,
)
"""In the order in which they go."""
WATCH_SECONDS: Final = 10
"""The longest that a watch may stay silent before everything is looked at again."""
RETRY_SECONDS: Final = 2
OPERATOR_SECONDS: Final = 120
"""That an operator which is not ready may take, before a graph is deleted that the state does not know."""
TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500
SHOWN: Final = 6
"""Objects that a message names; there can be hundreds of pods."""


class DrainError(Exception):
    """Something of the graph is still there when the time is over."""


class Place(Protocol):
    """A namespace, as far as the drain looks at it (``components.kube.KubeNamespace``)."""

    @property
    def name(self) -> str: ...

    def list(self, kind: Kind) -> Listing: ...

    def await_deletion(self, kind: Kind, version: str, seconds: int) -> None: ...

    def delete(self, kind: Kind, name: str) -> None: ...

    def operator(self) -> Operator: ...


@dataclass(frozen=True)
class Left:
    """An object that is still there, and the version of the list that it was found in."""

    kind: Kind
    item: Item
    version: str

    def __str__(self) -> str:
        held = f" (held by finalizer {', '.join(self.item.finalizers)})" if self.item.finalizers else ""
        return f"{self.kind.name} {self.item.name}{held}"


def drain(place: Place, graph: str, deadline_seconds: int, progress: Progress) -> None:
    """Returns once no component, PodCliqueSet or pod of the graph is left in the namespace.

    A graph that nobody is deleting is deleted: whoever waits here has deleted what the state knew of it. Says what it
    waits for whenever that changes. Raises DrainError after ``deadline_seconds``, with what is left and what to do
    about it, or at once when there is no operator that could take the graph down.
    """
    wait = _Wait(place, graph, deadline_seconds, progress)
    wait.until(lambda: _is_drained(wait))


def await_operator(place: Place, graph: str, deadline_seconds: int, progress: Progress) -> None:
    """Returns once the operator can take the graph's objects away, or there is nothing of it to take.

    Raises DrainError after ``deadline_seconds``, or at once when there is no operator that could come back: to delete
    the graph now would leave it half deleted.
    """
    wait = _Wait(place, graph, deadline_seconds, progress)
    wait.until(lambda: _is_operated(wait))


@dataclass
class _Wait:
    """One wait: for what, until when, and what it has said last."""

    place: Place
    graph: str
    deadline_seconds: int
    progress: Progress
    said: str = ""

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.deadline_seconds

    @property
    def seconds(self) -> int:
        """That are left."""
        return int(self._end - time.monotonic())

    def until(self, is_over: Callable[[], bool]) -> None:
        """Looks again and again. An API server that does not answer, or is too busy to, is asked again."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        while True:
            try:
                if is_over():
                    return
            except (ApiException, HTTPError) as error:
                if not _may_answer_later(error):
                    raise
                if self.seconds <= 0:
                    raise DrainError(_silent(self.place, self.graph, self.deadline_seconds)) from None
                self.say(f"the API server does not answer ({type(error).__name__}): asking again")
                time.sleep(RETRY_SECONDS)

    def say(self, text: str) -> None:
        if text != self.said:
            self.progress(text)
        self.said = text


def _may_answer_later(error: Exception) -> bool:
    """An answer that says "not now" has one of these codes; no answer at all has none."""
    code: int | None = getattr(error, "status", None)
    return code is None or code == TOO_MANY_REQUESTS or code >= SERVER_ERROR


def _is_drained(wait: _Wait) -> bool:
    place, graph = wait.place, wait.graph
    left = _remaining(place, graph)
    if not left:
        wait.progress(f"nothing of graph {graph} is left in namespace {place.name}")
        return True
    if wait.seconds <= 0:
        raise DrainError(_give_up(place, graph, left, wait.deadline_seconds))
    if any(one.kind is GRAPH and not one.item.deleting for one in left):
        await_operator(place, graph, min(OPERATOR_SECONDS, wait.seconds), wait.progress)
        wait.say(f"graph {graph}: an interrupted run has left it, unknown to the state; it is deleted")
        place.delete(GRAPH, graph)
        return False
    wait.say(_waiting(place, graph, left))
    place.await_deletion(left[0].kind, left[0].version, min(WATCH_SECONDS, wait.seconds))
    return False


def _is_operated(wait: _Wait) -> bool:
    place, graph = wait.place, wait.graph
    operator = place.operator()
    left = _remaining(place, graph)
    if operator.works is not False or not left:
        return True
    if operator.gone or wait.seconds <= 0:
        head = f"graph {graph} in namespace {place.name} is not deleted, because it would not go:"
        raise DrainError("\n".join([head, *_remedy(place, graph, left)]))
    wait.say(f"graph {graph}: {operator.words}; waiting for it before the graph is deleted")
    time.sleep(RETRY_SECONDS)
    return False


def _remaining(place: Place, graph: str) -> list[Left]:
    """What is left of the graph, itself included, in the order in which it goes."""
    listings = [(kind, place.list(kind)) for kind in KINDS]
    return [
        Left(kind, item, listing.version)
        for kind, listing in listings
        for item in listing.items
        if _belongs(item, kind, graph)
    ]


def _belongs(item: Item, kind: Kind, graph: str) -> bool:
    if kind is GRAPH:
        return item.name == graph
    return (GRAPH_LABEL, graph) in item.labels or (GRAPH.name, graph) in item.owners


def _waiting(place: Place, graph: str, left: list[Left]) -> str:
    operator = place.operator()
    text = f"graph {graph}: waiting for {_listed(left)}"
    return text if operator.works else f"{text}; {operator.words}"


def _listed(left: list[Left]) -> str:
    shown = ", ".join(str(item) for item in left[:SHOWN])
    return shown if len(left) <= SHOWN else f"{shown} and {len(left) - SHOWN} more"


def _give_up(place: Place, graph: str, left: list[Left], seconds: int) -> str:
    lines = [
        f"after {seconds} s these objects of graph {graph} are still in namespace {place.name}: {_listed(left)}.",
        "The platform stays until they are gone, because without its operator they could never go.",
        *_remedy(place, graph, left),
    ]
    return "\n".join(lines)


def _remedy(place: Place, graph: str, left: list[Left]) -> list[str]:
    """What to do about objects that do not go."""
    lines: list[str] = []
    operator = place.operator()
    if not operator.works:
        lines.append(
            f"{operator.words[0].upper()}{operator.words[1:]}. Only a living operator, with a living etcd, ends them."
        )
    lines.append("When the operator runs again, repeat: pulumi destroy")
    held = [item for item in left if item.item.finalizers and item.kind is not POD]
    if held:
        lines.append("If it is gone for good, end them by hand, then repeat:")
        lines.append(f"  kubectl delete -n {place.name} {GRAPH.plural} {graph} --ignore-not-found --wait=false")
    patch = """--type=merge -p '{"metadata":{"finalizers":null}}'"""
    lines += [f"  kubectl patch -n {place.name} {left.kind.plural} {left.item.name} {patch}" for left in held]
    return lines


def _silent(place: Place, graph: str, seconds: int) -> str:
    return (
        f"after {seconds} s the API server does not answer, so whether anything of graph {graph} is left in namespace "
        f"{place.name} is not known. Check `kubectl get --raw /readyz`, then repeat: pulumi destroy"
    )
