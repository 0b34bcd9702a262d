"""`wideep status --watch`: what ends the wait for the next look, and what ends the looks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.feeds import Feed, Feeds
from tests.support.live import live, loaded, pod
from wideep.dynamo.api import V1ALPHA1
from wideep_cli.status import watch
from wideep_cli.status.snapshot import Snapshot, State
from wideep_cluster import ForbiddenError
from wideep_cluster.kinds import PODS, graphs
from wideep_cluster.listing import Change, Listing
from wideep_cluster.objects import Graph


class Cluster:
    """One whose graph and pods have not changed until something is put in."""

    def __init__(self) -> None:
        self.news = Feeds()
        self.selected: dict[object, str] = {}

    def serves(self, kind: object) -> bool:
        return kind == graphs(V1ALPHA1)

    def list(self, kind: object, _namespace: str, *, labels: str = "") -> Listing[object]:
        self.selected[kind] = labels
        return Listing((), "7")

    def watch(self, kind: object, _namespace: str, _version: str, _seconds: int, *, labels: str = "") -> Feed:
        assert labels == self.selected[kind]
        return self.news.feed(kind)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[State]:
    """What the looks see, one after the other; nothing is read again unless something changes."""
    states: list[State] = []
    monkeypatch.setattr(watch, "PROGRESS_SECONDS", 60)
    monkeypatch.setattr(watch, "look", lambda _: (Snapshot(states.pop(0), "", 0.0, (), 0, "", "", ()), "none"))
    return states


def test_a_pod_of_the_graph_that_changes_is_the_next_look_and_a_ready_graph_the_last(
    tmp_path: Path, states: list[State]
) -> None:
    cluster = Cluster()
    stack = live(loaded(tmp_path), cluster)
    states += [State.WAITING, State.READY]
    seen = watch.looks(stack)
    first = next(seen).seen[0].state
    ours = pod("decode-0", labels={"nvidia.com/dynamo-graph-deployment-name": stack.plan.name})
    cluster.news.put(PODS, Change(ours))
    began = time.monotonic()

    assert [first, *(each.seen[0].state for each in seen)] == [State.WAITING, State.READY]
    assert time.monotonic() - began < 30
    assert cluster.selected[PODS] == f"nvidia.com/dynamo-graph-deployment-name={stack.plan.name}"


def test_another_graph_of_the_namespace_is_no_reason_to_look(
    tmp_path: Path, states: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PROGRESS_SECONDS", 1)
    cluster = Cluster()
    states += [State.WAITING, State.READY]
    seen = watch.looks(live(loaded(tmp_path), cluster))
    next(seen)
    cluster.news.put(graphs(V1ALPHA1), Change(Graph.model_validate({"metadata": {"name": "theirs"}})))
    began = time.monotonic()

    assert next(seen).seen[0].state is State.READY
    assert time.monotonic() - began >= 1, "the time had passed; nothing had happened"


def test_what_ends_a_watch_is_raised_by_the_next_look(tmp_path: Path, states: list[State]) -> None:
    cluster = Cluster()
    states += [State.WAITING]
    seen = watch.looks(live(loaded(tmp_path), cluster))
    next(seen)
    cluster.news.put(graphs(V1ALPHA1), ForbiddenError("watch", "dynamographdeployments", "namespace lab"))

    with pytest.raises(ForbiddenError):
        next(seen)
