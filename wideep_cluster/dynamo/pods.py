"""A pod of a graph as someone who waits for it sees it: its stage, and what holds it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from wideep.dynamo.api import COMPONENT_LABEL, ROLE_LABEL
from wideep.waiting import Stuck, reasons_of
from wideep_cluster.objects import ContainerStatus, Pod

__all__ = ["STARTING_REASONS", "ContainerExit", "PodPhase", "PodState", "read_pod"]

ROLE_LABELS: Final = (ROLE_LABEL, COMPONENT_LABEL)
"""Only the first label distinguishes prefill and decode of a ``v1alpha1`` graph. Frontends, and all pods of
``v1beta1``, have only the second."""
UNKNOWN: Final = "pod"
STARTING_REASONS: Final = ("ContainerCreating", "PodInitializing")
"""Reasons of a container that the kubelet is about to start."""
TRANSIENT_REASONS: Final = (*STARTING_REASONS, *reasons_of(Stuck.CRASH))
"""Reasons of a container that waits for the kubelet, or for its next try. ``ContainerExit`` says how the last one
ended."""
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class PodPhase(StrEnum):
    """The stages of a pod, in order."""

    PENDING = "Pending"
    PULLING = "Pulling"
    LOADING = "Loading"
    READY = "Ready"


@dataclass(frozen=True)
class ContainerExit:
    """The exit of a container that keeps a pod from being ready: how many times it has ended, and how the last time."""

    container: str
    times: int
    code: int
    reason: str
    message: str
    now: bool
    """Whether it has not been restarted yet, so that its log is still the current one."""


@dataclass(frozen=True)
class PodState:
    """A pod at one moment."""

    name: str
    role: str
    created: datetime
    """Time of creation, by the API server's clock."""
    stage: PodPhase
    reason: str = ""
    """The kubelet's or the scheduler's reason, in one word; empty if the pod only needs time."""
    message: str = ""
    """The reason in a sentence."""
    end: ContainerExit | None = None
    leaving: bool = False
    """Whether it is being deleted or has ended: another pod takes its place."""


def read_pod(pod: Pod) -> PodState:
    """Return the state of a pod."""
    stage, reason, message = _stage(pod)
    return PodState(
        name=pod.name,
        role=next((pod.labels[key] for key in ROLE_LABELS if pod.labels.get(key)), UNKNOWN),
        created=pod.metadata.creation_timestamp or LONG_AGO,
        stage=stage,
        reason=reason,
        message=message,
        end=next(_ends(pod), None) if stage is not PodPhase.READY else None,
        leaving=pod.is_deleting or pod.ended,
    )


def _stage(pod: Pod) -> tuple[PodPhase, str, str]:
    """Return the stage, and the reason and message of what holds the pod there."""
    if pod.ready:
        return PodPhase.READY, "", ""
    if not pod.spec.node_name:
        placed = next((one for one in pod.status.conditions if one.type == "PodScheduled"), None)
        message = placed.message.split(" preemption:")[0].rstrip(". ") if placed else ""
        return PodPhase.PENDING, placed.reason if placed else "", message
    held = next(_held(pod), None)
    if held:
        return PodPhase.PULLING, *held
    runs = any(each.state.running for each in _containers(pod))
    return PodPhase.LOADING if runs or next(_ends(pod), None) else PodPhase.PULLING, "", ""


def _containers(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*pod.status.init_container_statuses, *pod.status.container_statuses)


def _held(pod: Pod) -> Iterator[tuple[str, str]]:
    """Yield reason and message of the containers that never ran."""
    for each in _containers(pod):
        waiting = each.state.waiting
        if waiting and waiting.reason and waiting.reason not in TRANSIENT_REASONS:
            yield waiting.reason, waiting.message


def _ends(pod: Pod) -> Iterator[ContainerExit]:
    """Yield the containers that have ended with an error and have not become ready since."""
    for each in _containers(pod):
        ended = each.state.terminated or each.last_state.terminated
        if ended and ended.exit_code and not each.ready:
            yield ContainerExit(
                container=each.name,
                times=max(each.restart_count + (each.state.terminated is not None), 1),
                code=ended.exit_code,
                reason=ended.reason,
                message=ended.message,
                now=each.state.running is None,
            )
