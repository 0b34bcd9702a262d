"""Whether a graph is ready, and what it waits for if it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from wideep.masking import masked
from wideep_cluster.dynamo.graph_parts import graph_parts
from wideep_cluster.dynamo.pods import LONG_AGO, PodPhase, PodState
from wideep_cluster.objects import Condition, Event, Graph

__all__ = ["GraphSnapshot", "GraphTarget"]

UNSEEN: Final = "the operator has not looked at the change yet"
NOT_READY: Final = "Resources not ready: "
"""Prefix with which the operator lists its own objects; they are the pods that are counted here already."""
UNREADY: Final = ("pods_not_ready", "some_resources_are_not_ready", "mixed_not_ready_reasons")


@dataclass(frozen=True)
class GraphTarget:
    """What has to be ready: the graph as last written, and a number of pods for each role."""

    namespace: str
    graph: str
    generation: int
    pods: Mapping[str, int]
    changed: frozenset[str]
    """Roles whose pods the last write recreates, as far as is known; pods from before may still exist."""
    counted: frozenset[str] = frozenset()
    """Roles whose number of pods is read from the graph, because somebody else manages it."""
    engine: str = ""
    """The engine and its version, as in the release's image. Empty: the default engine of a stack that names none."""


@dataclass(frozen=True)
class GraphSnapshot:
    """The graph, its pods and the new warnings, at one moment."""

    wanted: GraphTarget
    graph: Graph | None
    pods: tuple[PodState, ...]
    warnings: tuple[Event, ...] = ()

    @property
    def due(self) -> dict[str, int]:
        """The number of pods that each role should have."""
        said = {each.role: each.pods for each in graph_parts(self._live.spec)}
        return {role: said.get(role, n) if role in self.wanted.counted else n for role, n in self.wanted.pods.items()}

    @property
    def active_pods(self) -> list[PodState]:
        """The pods that are not being deleted and have not ended."""
        return [pod for pod in self.pods if not pod.leaving]

    @property
    def spec_updated_at(self) -> datetime:
        """When the graph's spec was last written, by the API server's clock. Writes of ``replicas`` alone do not count,
        because scaling recreates no pod. The time is needed because the status has a generation only in ``v1beta1``,
        and pods have none in either version."""
        fields = self._live.metadata.managed_fields
        return max((one.time for one in fields if one.time and one.writes_spec), default=LONG_AGO)

    @property
    def is_ready(self) -> bool:
        """Whether the operator reports the graph as ready, and it has exactly the pods that it should have, all
        ready."""
        return self.has_ready_pods and Counter(pod.role for pod in self.active_pods) == Counter(self.due)

    @property
    def has_ready_pods(self) -> bool:
        """The same, but more pods than those may exist."""
        seen = self._live.metadata.generation >= self.wanted.generation and self._live.ready
        ready = Counter(pod.role for pod in self.active_pods if pod.stage is PodPhase.READY)
        return seen and ready >= Counter(self.due) and ready.total() == len(self.active_pods)

    @property
    def verdict(self) -> str:
        """What the operator of 1.x says while the graph is not ready (``insufficient_capacity``, ``updating``); empty
        if it says nothing beyond the state of the pods."""
        if not self._live.is_observed:
            return UNSEEN
        if self._live.status.observed_generation is None or self._live.ready or self.condition is None:
            return ""
        told = self.condition.message.startswith(NOT_READY)
        said = ["" if told and self.condition.reason in UNREADY else self.condition.reason]
        said += [] if told else [masked(self.condition.message)]
        return f"the operator says {': '.join(filter(None, said))}" if any(said) else ""

    @property
    def is_new(self) -> bool:
        """Whether no pod of a changed role is older than the spec, so that all ready pods run that spec."""
        return all(pod.created >= self.spec_updated_at for pod in self.active_pods if pod.role in self.wanted.changed)

    @property
    def condition(self) -> Condition | None:
        """The graph's condition Ready, which the operator sets; None before it has seen the graph."""
        return self._live.condition

    @property
    def state(self) -> str:
        """The operator's state of the graph: pending, successful or failed; empty before it has seen the graph's
        current generation. In 1.x, ``successful`` remains from before an update while the old pods serve
        (dynamo#3567)."""
        return self._live.status.state if self._live.is_observed else ""

    @property
    def stages(self) -> dict[str, str]:
        """The stage of each pod and of the graph, from which a wait sees progress."""
        stages = {f"pod {pod.name}": "leaving" if pod.leaving else _stage(pod) for pod in self.pods}
        return {**stages, f"graph {self.wanted.graph}": self.state or "not reconciled by the operator yet"}

    def __str__(self) -> str:
        """Return a summary such as ``decode 0 of 2 ready (1 Pulling, 1 Loading), frontend 1 of 1 ready``. Each reason
        appears once."""
        told: set[str] = set()
        return ", ".join(self._role(role, count, told) for role, count in self.due.items())

    def _role(self, role: str, count: int, told: set[str]) -> str:
        pods = [pod for pod in self.active_pods if pod.role == role]
        ready = sum(pod.stage is PodPhase.READY for pod in pods)
        waiting = [_counted(stage, pods, told) for stage in PodPhase if stage is not PodPhase.READY]
        waiting += [f"{count - len(pods)} not created yet"] if len(pods) < count else []
        listed = ", ".join(words for words in waiting if words)
        return f"{role} {ready} of {count} ready" + (f" ({listed})" if listed else "")

    @cached_property
    def _live(self) -> Graph:
        return self.graph or Graph.model_validate({"metadata": {"name": self.wanted.graph}})


def _stage(pod: PodState) -> str:
    return (
        f"{pod.stage}, its container ended {pod.end.times} times" if pod.end else f"{pod.stage} {pod.reason}".rstrip()
    )


def _counted(stage: PodPhase, pods: list[PodState], told: set[str]) -> str:
    """Return a phrase such as ``2 Pending: 0/4 nodes are available``; empty if no pod is in the stage."""
    those = [pod for pod in pods if pod.stage is stage]
    if not those:
        return ""
    why = next((pod.message or pod.reason for pod in those if pod.reason), "")
    ended = next((pod.end for pod in those if pod.end), None)
    why = why or (f"one exited with exit code {ended.code}" if ended else "")
    if not why or why in told:
        return f"{len(those)} {stage}"
    told.add(why)
    return f"{len(those)} {stage}: {masked(why)}"
