"""A pod of a graph, as far as somebody who waits for it wants to know: its stage, and what holds it there."""

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
"""Of prefill and decode of a ``v1alpha1`` graph the first says which. Frontends, and all of ``v1beta1``, have the
second alone."""
UNKNOWN: Final = "pod"
STARTING_REASONS: Final = ("ContainerCreating", "PodInitializing")
"""Of a container that the kubelet is about to start."""
TRANSIENT_REASONS: Final = (*STARTING_REASONS, *reasons_of(Stuck.CRASH))
"""Reasons of a container that waits for the kubelet, or for its next try; how that ended: ``ContainerExit``."""
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class PodPhase(StrEnum):
    """The stages of a pod, in their order."""

    PENDING = "Pending"
    PULLING = "Pulling"
    LOADING = "Loading"
    READY = "Ready"


@dataclass(frozen=True)
class ContainerExit:
    """How the container ended that keeps a pod from being ready: for the how-manieth time, and how the last time."""

    container: str
    times: int
    code: int
    reason: str
    message: str
    now: bool
    """It has not been started again yet, so that its log is still the current one."""


@dataclass(frozen=True)
class PodState:
    """A pod at one moment."""

    name: str
    role: str
    created: datetime
    """By the API server's clock."""
    stage: PodPhase
    reason: str = ""
    """The kubelet's or the scheduler's reason, in a word; empty where it just takes its time."""
    message: str = ""
    """And in a sentence."""
    end: ContainerExit | None = None
    leaving: bool = False
    """It was told to go, or has gone: another one takes its place."""


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
    """The stage, and reason and message of what holds it there."""
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
    """What a container waits for that never ran."""
    for each in _containers(pod):
        waiting = each.state.waiting
        if waiting and waiting.reason and waiting.reason not in TRANSIENT_REASONS:
            yield waiting.reason, waiting.message


def _ends(pod: Pod) -> Iterator[ContainerExit]:
    """Containers that have ended with an error, and have not become ready since."""
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
