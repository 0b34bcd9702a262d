"""What is known of a cluster by its watches: listed once, then told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.support.feeds import Feed, Feeds
from wideep_cluster.dynamo.operator import OperatorStatus
from wideep_cluster.informer import EventStream, Informer
from wideep_cluster.kube_objects import Change, Item, Kind, Listing

POD = Kind("Pod", "pods", None)
CLAIM = Kind("PersistentVolumeClaim", "persistentvolumeclaims", None)
OURS, OTHERS = Item("ours-0"), Item("theirs-0")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two watches, or for bursts of changes."""
    monkeypatch.setattr("wideep_cluster.informer.PAUSE_SECONDS", 0)
    monkeypatch.setattr("wideep_cluster.informer.SETTLE_SECONDS", 0)


@dataclass
class Namespace:
    """Pods, and what is asked about them."""

    pods: list[Item]
    version: str = "7"
    name: str = "ns"
    news: Feeds = field(default_factory=Feeds)
    asked: Counter[str] = field(default_factory=Counter[str])
    streams: list[Feed] = field(default_factory=list)

    def list(self, kind: Kind) -> Listing:
        self.asked[f"list {kind.plural}"] += 1
        return Listing(self.version, tuple(self.pods))

    def changes(self, kind: Kind, version: str, seconds: int) -> EventStream:
        self.asked[f"watch {kind.plural}"] += 1
        self.streams.append(self.news.feed(kind))
        return self.streams[-1]

    def operator(self) -> OperatorStatus:
        raise AssertionError("nobody asks")


def _watching(place: Namespace) -> Informer:
    return Informer(place, (POD,), lambda _, item: item.name.startswith("ours"))


def test_it_holds_what_concerns_somebody_and_asks_nothing_while_nobody_waits() -> None:
    place = Namespace([OURS, OTHERS])
    with _watching(place) as watched:
        assert watched.items(POD) == [OURS]
    assert place.asked == {"list pods": 1}


def test_a_change_ends_the_wait_and_one_that_concerns_nobody_does_not() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        place.news.put(POD, Change(OTHERS))
        assert watched.wait(0.1) == set()
        place.news.put(POD, Change(OURS, gone=True))
        assert watched.wait(60) == {POD}
        assert watched.items(POD) == []
    assert place.asked == {"list pods": 1, "watch pods": 1}


def test_a_watch_that_ends_is_begun_anew_from_a_new_list() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        assert watched.wait(0) == set()
        place.pods.append(Item("ours-1"))
        place.streams[0].close()
        assert watched.wait(60) == {POD}
        assert [item.name for item in watched.items(POD)] == ["ours-0", "ours-1"]


def test_a_watch_that_breaks_is_heard_of_by_who_waits() -> None:
    place = Namespace([OURS])
    with _watching(place) as watched:
        place.news.put(POD, ConnectionResetError("by peer"))
        with pytest.raises(ConnectionResetError):
            watched.wait(60)


def test_a_kind_that_the_cluster_does_not_know_is_not_watched() -> None:
    place = Namespace([], version="")
    with _watching(place) as watched:
        assert watched.wait(0) == set()
    assert place.asked == {"list pods": 1}


def test_all_watches_end_with_the_block() -> None:
    place = Namespace([OURS])
    with Informer(place, (POD, CLAIM), lambda *_: True) as watched:
        watched.wait(0.2)
    assert len(place.streams) == 2
    assert all(stream.closed.is_set() for stream in place.streams)
