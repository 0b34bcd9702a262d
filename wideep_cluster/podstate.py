"""The phase of a graph's pod, in a word, and what it waits for, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from wideep.masking import masked
from wideep.waiting import STUCK
from wideep_cluster.objects import ContainerStatus, Event, Pod

__all__ = ["Condition", "Phase", "condition_of"]


class Phase(StrEnum):
    """The stages of a pod, in order, and the two ways in which it leaves them."""

    UNSCHEDULED = "unscheduled"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    ENDING = "ending"


@dataclass(frozen=True)
class Condition:
    """A pod's phase, and why it is not ready; the reason is empty if it is."""

    phase: Phase
    reason: str = ""


def condition_of(pod: Pod, events: tuple[Event, ...] = ()) -> Condition:
    """Return the condition from the pod's own status, and if that says nothing, from its last warning.

    ``events`` are the warnings of the namespace. What a running container does is unknown here, so its phase is
    ``LOADING``.
    """
    if pod.is_deleting:
        return Condition(Phase.ENDING, "being deleted")
    if pod.ready:
        return Condition(Phase.READY)
    if not pod.spec.node_name:
        return Condition(Phase.UNSCHEDULED, _unscheduled(pod))
    stopped = next(_stopped(pod), None)
    if stopped:
        return stopped
    if any(status.state.running for status in pod.status.container_statuses):
        return Condition(Phase.LOADING, next(_ended_before(pod), ""))
    warning = _last_warning(pod, events)
    return Condition(Phase.STARTING, warning or next(_waiting(pod), "the node is starting it"))


def _unscheduled(pod: Pod) -> str:
    said = next((c.message for c in pod.status.conditions if c.type == "PodScheduled" and c.status == "False"), "")
    return said.split(" preemption:")[0].rstrip(". ") or "not scheduled yet"


def _stopped(pod: Pod) -> Iterator[Condition]:
    """Yield the containers that cannot run, or keep failing."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        waiting = status.state.waiting
        if waiting and waiting.reason in STUCK:
            yield Condition(
                Phase.FAILED, f"{waiting.reason}: {masked(waiting.message)}{_last_end(status)}".rstrip(": ")
            )
        ended = status.state.terminated
        if ended and ended.exit_code:
            yield Condition(Phase.FAILED, f"{ended.reason or 'Error'}, exit code {ended.exit_code}")


def _ended_before(pod: Pod) -> Iterator[str]:
    """Yield the containers that run again after an error."""
    for status in pod.status.container_statuses:
        ended = status.last_state.terminated
        if ended and ended.exit_code:
            yield f"its last run ended with exit code {ended.exit_code}: wideep doctor"


def _last_end(status: ContainerStatus) -> str:
    ended = status.last_state.terminated
    return f" (last time exit code {ended.exit_code}{f', {ended.reason}' if ended.reason else ''})" if ended else ""


def _waiting(pod: Pod) -> Iterator[str]:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.state.waiting and status.state.waiting.reason:
            yield status.state.waiting.reason


def _last_warning(pod: Pod, events: tuple[Event, ...]) -> str:
    own = [event for event in events if event.involved_object.name == pod.name]
    newest = max(own, key=lambda event: str(event.when), default=None)
    return f"{newest.reason}: {masked(newest.message)}" if newest else ""
