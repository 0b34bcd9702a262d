"""A pod as one who waits for it sees it."""

from __future__ import annotations

from typing import Any

import pytest

from wideep.waiting import FINAL, STUCK, Stuck, reasons_of
from wideep_cluster.dynamo.pods import PodPhase, read_pod
from wideep_cluster.objects import Pod
from wideep_cluster.podstate import Phase, condition_of


def of(phase: str = "Pending", *, gone: bool = False, reason: str = "") -> Pod:
    """A pod of the API, whose container waits for that."""
    state = {"waiting": {"reason": reason, "message": "m"}} if reason else {}
    metadata = {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}
    body: dict[str, Any] = {
        "metadata": metadata | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if gone else {}),
        "spec": {"nodeName": "gpu-0", "containers": [{"name": "main"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "main", "state": state}]},
    }
    return Pod.model_validate(body)


@pytest.mark.parametrize(
    ("phase", "gone", "leaving"),
    [
        ("Running", False, False),
        ("Pending", False, False),
        ("Running", True, True),
        ("Failed", False, True),
        ("Succeeded", False, True),
        ("Failed", True, True),
    ],
)
def test_a_pod_that_was_told_to_go_or_has_ended_is_leaving(phase: str, gone: bool, leaving: bool) -> None:
    assert read_pod(of(phase, gone=gone)).leaving is leaving


@pytest.mark.parametrize("reason", reasons_of(Stuck.IMAGE, Stuck.CONTAINER))
def test_what_does_not_heal_is_held_for_up_and_failed_for_status(reason: str) -> None:
    assert read_pod(of(reason=reason)).reason == reason
    assert condition_of(of(reason=reason)).phase is Phase.FAILED


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_pod_on_its_way_is_neither(reason: str) -> None:
    found = read_pod(of(reason=reason))

    assert (found.reason, found.stage) == ("", PodPhase.PULLING)
    assert condition_of(of(reason=reason)).phase is Phase.STARTING


def test_a_crash_loop_is_told_by_how_the_container_ended() -> None:
    assert read_pod(of(reason="CrashLoopBackOff")).reason == ""
    assert condition_of(of(reason="CrashLoopBackOff")).phase is Phase.FAILED
    assert set(STUCK) > FINAL
