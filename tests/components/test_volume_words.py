"""While the download waits for its volume, the user reads what keeps the volume away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiException

from components.lifecycle import volume_words
from components.lifecycle.volume_words import tell_of_volume
from wideep_cluster.kube import KubeNamespace

PLACE = KubeNamespace(SimpleNamespace(), "ns")  # type: ignore[arg-type]
READ = "kubernetes.client.CoreV1Api.read_namespaced_persistent_volume_claim"


class There:
    """A cluster with one claim, in the phases given one after the other, and the events about it."""

    def __init__(self, patch: pytest.MonkeyPatch, *phases: str | ApiException, mode: str = "Immediate") -> None:
        self.phases = list(phases)
        self.events: list[Any] = []
        self.said: list[str] = []
        patch.setattr(volume_words, "RETRY_SECONDS", 0.0)
        patch.setattr(READ, lambda *_: self._claim())
        patch.setattr(
            "kubernetes.client.StorageV1Api.read_storage_class", lambda *_: SimpleNamespace(volume_binding_mode=mode)
        )
        patch.setattr(
            "kubernetes.client.CoreV1Api.list_namespaced_event", lambda *_, **__: SimpleNamespace(items=self.events)
        )

    def _claim(self) -> Any:
        phase = self.phases.pop(0) if len(self.phases) > 1 else self.phases[0]
        if isinstance(phase, ApiException):
            raise phase
        return SimpleNamespace(spec=SimpleNamespace(storage_class_name="shared"), status=SimpleNamespace(phase=phase))

    def wait(self, seconds: float = 60) -> None:
        tell_of_volume(PLACE, "weights", seconds, self.said.append)


def _event(time: str, message: str) -> Any:
    return SimpleNamespace(last_timestamp=time, event_time=None, message=message)


@pytest.mark.parametrize(
    ("phase", "mode"), [("Bound", "Immediate"), ("Pending", "WaitForFirstConsumer"), (ApiException(403), "Immediate")]
)
def test_there_is_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch, phase: str, mode: str) -> None:
    """Bound; bound for a pod only; or not ours to see."""
    there = There(monkeypatch, phase, mode=mode)
    there.wait()
    assert there.said == []


def test_the_last_event_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    there = There(monkeypatch, "Pending", "Pending", ApiException(503), "Bound")
    there.events = [_event("2026-01-02", "waiting for the provisioner"), _event("2026-01-01", "of before")]
    there.wait()
    (said,) = there.said
    words = (
        "PersistentVolumeClaim weights: a volume of storage class shared: waiting for the provisioner; 0 s of at most"
    )
    assert said.startswith(words)


def test_after_the_jobs_deadline_there_is_nothing_more_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    there = There(monkeypatch, "Pending")
    there.wait(seconds=0.05)
    (said,) = there.said
    assert ": no event says why; " in said
