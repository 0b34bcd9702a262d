"""What is known of a cluster by its watches: listed once, then told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.support.feeds import Feed, Feeds
from wideep_cluster.informer import Informer
from wideep_cluster.kinds import CLAIMS, PODS, Kind
from wideep_cluster.listing import Change, Listing
from wideep_cluster.objects import Meta, Pod


def a_pod(name: str) -> Pod:
    return Pod(metadata=Meta(name=name))


OURS, OTHERS = a_pod("ours-0"), a_pod("theirs-0")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two watches, or for bursts of changes."""
    monkeypatch.setattr("wideep_cluster.informer.PAUSE_SECONDS", 0)
    monkeypatch.setattr("wideep_cluster.informer.SETTLE_SECONDS", 0)


@dataclass
class Namespace:
    """Pods of a namespace, and what its cluster is asked about them."""

    pods: list[Pod]
    version: str = "7"
    name: str = "ns"
    news: Feeds = field(default_factory=Feeds)
    asked: Counter[str] = field(default_factory=Counter[str])
    streams: list[Feed] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)

    @property
    def cluster(self) -> Namespace:
        return self

    def list(self, kind: Kind[Pod], namespace: str, *, labels: str = "") -> Listing[Pod]:
        assert namespace == self.name
        self.selected.append(labels)
        self.asked[f"list {kind.plural}"] += 1
        return Listing(tuple(self.pods), self.version)

    def watch(self, kind: Kind[Pod], namespace: str, version: str, seconds: int, *, labels: str = "") -> Feed:
        self.selected.append(labels)
        assert (namespace, version) == (self.name, self.version)
        assert seconds > 0
        self.asked[f"watch {kind.plural}"] += 1
        self.streams.append(self.news.feed(kind))
        return self.streams[-1]


def _watching(place: Namespace) -> Informer:
    return Informer(place, (PODS,), lambda _, item: item.name.startswith("ours"))


def test_it_holds_what_concerns_somebody_and_asks_nothing_while_nobody_waits() -> None:
    place = Namespace([OURS, OTHERS])
    with _watching(place) as watched:
        assert watched.items(PODS) == [OURS]
    assert place.asked == {"list pods": 1}


def test_a_change_ends_the_wait_and_one_that_concerns_nobody_does_not() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        place.news.put(PODS, Change(OTHERS))
        assert watched.wait(0.1) == set()
        place.news.put(PODS, Change(OURS, gone=True))
        assert watched.wait(60) == {PODS}
        assert watched.items(PODS) == []
    assert place.asked == {"list pods": 1, "watch pods": 1}


def test_a_watch_that_ends_is_begun_anew_from_a_new_list() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        assert watched.wait(0) == set()
        place.pods.append(a_pod("ours-1"))
        place.streams[0].close()
        assert watched.wait(60) == {PODS}
        assert [item.name for item in watched.items(PODS)] == ["ours-0", "ours-1"]


def test_a_watch_that_breaks_is_heard_of_by_who_waits() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        place.news.put(PODS, ConnectionResetError("by peer"))
        with pytest.raises(ConnectionResetError):
            watched.wait(60)


def test_a_kind_that_the_cluster_does_not_know_is_not_watched() -> None:
    place = Namespace([], version="")
    with _watching(place) as watched:
        assert watched.wait(0) == set()
    assert place.asked == {"list pods": 1}


def test_a_selector_goes_with_every_list_and_every_watch_of_its_kind() -> None:
    place = Namespace([OURS])
    with Informer(place, (PODS, CLAIMS), lambda *_: True, {PODS: "graph=ours"}) as watched:
        watched.wait(0)
        place.streams[0].close()
        place.streams[1].close()
        while place.asked["watch pods"] < 2 or place.asked["watch persistentvolumeclaims"] < 2:
            watched.wait(60)
    assert sorted(place.selected[: 2 * 2]) == ["", "", "graph=ours", "graph=ours"]
    assert set(place.selected) == {"", "graph=ours"}


def test_all_watches_end_with_the_block() -> None:
    place = Namespace([OURS])
    with Informer(place, (PODS, CLAIMS), lambda *_: True) as watched:
        watched.wait(0.2)
    assert len(place.streams) == 2
    assert all(stream.closed.is_set() for stream in place.streams)
