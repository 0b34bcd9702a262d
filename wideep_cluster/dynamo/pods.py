"""A pod of a graph, as far as somebody who waits for it wants to know: its stage, and what holds it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from wideep.dynamo.api import COMPONENT_LABEL, ROLE_LABEL
from wideep.waiting import Stuck, reasons_of
from wideep_cluster.kube_objects import part, parts

__all__ = ["STARTING_REASONS", "ContainerExit", "PodPhase", "PodState", "condition", "moment", "read_pod"]

ROLE_LABELS: Final = (ROLE_LABEL, COMPONENT_LABEL)
"""Of prefill and decode of a ``v1alpha1`` graph the first says which. Frontends, and all of ``v1beta1``, have the
second alone."""
UNKNOWN: Final = "pod"
STARTING_REASONS: Final = ("ContainerCreating", "PodInitializing")
"""Of a container that the kubelet is about to start."""
TRANSIENT_REASONS: Final = (*STARTING_REASONS, *reasons_of(Stuck.CRASH))
"""Reasons of a container that waits for the kubelet, or for its next try; how that ended: ``ContainerExit``."""
Json = dict[str, Any]


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


def read_pod(pod: Json) -> PodState:
    """The state of a pod, from its object as the API has it."""
    metadata, status = part(pod, "metadata"), part(pod, "status")
    stage, reason, message = _stage(pod)
    return PodState(
        name=metadata["name"],
        role=_role(part(metadata, "labels")),
        created=moment(metadata.get("creationTimestamp")),
        stage=stage,
        reason=reason,
        message=message,
        end=next(_ends(status), None) if stage is not PodPhase.READY else None,
        leaving=bool(metadata.get("deletionTimestamp")) or status.get("phase") in ("Succeeded", "Failed"),
    )


def moment(written: str | None) -> datetime:
    """A time as an object has it; long ago where it has none."""
    return datetime.fromisoformat(written) if written else datetime.min.replace(tzinfo=UTC)


def _role(labels: dict[str, str]) -> str:
    return next((labels[key] for key in ROLE_LABELS if labels.get(key)), UNKNOWN)


def _stage(pod: Json) -> tuple[PodPhase, str, str]:
    """The stage, and reason and message of what holds it there."""
    status = part(pod, "status")
    if condition(status, "Ready").get("status") == "True":
        return PodPhase.READY, "", ""
    if not part(pod, "spec").get("nodeName"):
        placed = condition(status, "PodScheduled")
        message: str = placed.get("message") or ""
        return PodPhase.PENDING, placed.get("reason") or "", message.split(" preemption:")[0].rstrip(". ")
    held = next(_held(status), None)
    if held:
        return PodPhase.PULLING, *held
    runs = any(part(each, "state").get("running") for each in _containers(status))
    return PodPhase.LOADING if runs or next(_ends(status), None) else PodPhase.PULLING, "", ""


def condition(status: Json, name: str) -> Json:
    """One of an object's conditions; empty where it has none of that name."""
    return next((one for one in parts(status, "conditions") if one["type"] == name), dict[str, Any]())


def _containers(status: Json) -> list[Json]:
    return [*parts(status, "initContainerStatuses"), *parts(status, "containerStatuses")]


def _held(status: Json) -> Iterator[tuple[str, str]]:
    """What a container waits for that never ran."""
    for each in _containers(status):
        waiting = part(part(each, "state"), "waiting")
        reason: str = waiting.get("reason") or ""
        if reason and reason not in TRANSIENT_REASONS:
            yield reason, waiting.get("message") or ""


def _ends(status: Json) -> Iterator[ContainerExit]:
    """Containers that have ended with an error, and have not become ready since."""
    for each in _containers(status):
        state = part(each, "state")
        ended = part(state, "terminated") or part(part(each, "lastState"), "terminated")
        if ended.get("exitCode") and not each.get("ready"):
            yield ContainerExit(
                container=each["name"],
                times=max(int(each.get("restartCount", 0)) + ("terminated" in state), 1),
                code=int(ended["exitCode"]),
                reason=ended.get("reason") or "",
                message=ended.get("message") or "",
                now="running" not in state,
            )
