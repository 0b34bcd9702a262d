"""While the download waits for its volume, the user reads what keeps the volume away."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from components.lifecycle import volume_words
from components.lifecycle.volume_words import tell_of_volume
from wideep_cluster import ClusterError
from wideep_cluster.kinds import CLASSES, Kind
from wideep_cluster.objects import Claim, Event, Meta, StorageClass


class There:
    """A cluster with one claim, in the phases given one after the other, and the events about it."""

    name = "ns"

    def __init__(self, *phases: str | ClusterError, mode: str = "Immediate") -> None:
        self.phases = list(phases)
        self.mode = mode
        self.events: list[Event] = []
        self.said: list[str] = []
        self.cluster = self

    def find(self, kind: Kind[Any], name: str, _namespace: str | None = None) -> Claim | StorageClass:
        if kind is CLASSES:
            return StorageClass(metadata=Meta(name=name), volume_binding_mode=self.mode)
        phase = self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]
        if isinstance(phase, ClusterError):
            raise phase
        spec = {"storageClassName": "shared"}
        return Claim.model_validate({"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}})

    def list(self, _kind: object, _namespace: str, *, fields: str) -> Any:
        assert fields == "involvedObject.kind=PersistentVolumeClaim,involvedObject.name=weights"
        return SimpleNamespace(items=self.events)

    def wait(self, seconds: float = 60) -> None:
        place: Any = self
        tell_of_volume(place, "weights", seconds, self.said.append)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_words, "RETRY_SECONDS", 0.0)


def _event(day: int, message: str) -> Event:
    when = datetime(2026, 1, day, tzinfo=UTC)
    return Event(metadata=Meta(name=f"e{day}"), last_timestamp=when, message=message)


@pytest.mark.parametrize(
    ("phase", "mode"),
    [("Bound", "Immediate"), ("Pending", "WaitForFirstConsumer"), (ClusterError("no", 403), "Immediate")],
)
def test_there_is_nothing_to_wait_for(phase: str, mode: str) -> None:
    """Bound; bound for a pod only; or not ours to see."""
    there = There(phase, mode=mode)
    there.wait()
    assert there.said == []


def test_the_last_event_says_what_it_waits_for() -> None:
    there = There("Pending", "Pending", ClusterError("busy", 503), "Bound")
    there.events = [_event(2, "waiting for the provisioner"), _event(1, "of before")]
    there.wait()
    (said,) = there.said
    words = (
        "PersistentVolumeClaim weights: a volume of storage class shared: waiting for the provisioner; 0 s of at most"
    )
    assert said.startswith(words)


def test_after_the_jobs_deadline_there_is_nothing_more_to_say() -> None:
    there = There("Pending")
    there.wait(seconds=0.05)
    (said,) = there.said
    assert ": no event explains why; " in said
