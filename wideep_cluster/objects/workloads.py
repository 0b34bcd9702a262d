"""Objects that create pods: Deployments, StatefulSets, DaemonSets, Jobs and graphs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Meta, Model
from wideep_cluster.objects.pods import PodSpec

__all__ = ["DaemonSet", "Deployment", "Graph", "Job", "StatefulSet"]


class Template(Model):
    """The pod template of a workload."""

    spec: PodSpec = PodSpec()


class Replicas(Model):
    """The number of pods that are wanted, and their template."""

    replicas: int = 1
    template: Template = Template()


class Counts(Model):
    """The number of pods of a workload, how many of them are ready, and its conditions."""

    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(KubeObject):
    """A Deployment."""

    spec: Replicas = Replicas()
    status: Counts = Counts()

    @property
    def ready(self) -> bool:
        """Whether at least one of its pods is ready."""
        return self.status.ready_replicas > 0


class StatefulSet(Deployment):
    """A StatefulSet, of which the same fields are read as of a Deployment."""


class DaemonSet(KubeObject):
    """A DaemonSet."""


class JobStatus(Model):
    """The numbers of a Job's pods by outcome, its start, and its conditions."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()


class Job(KubeObject):
    """A Job."""

    status: JobStatus = JobStatus()


class ManagedFields(Model):
    """The fields of an object that one manager owns, and when it last wrote them."""

    time: datetime | None = None
    fields_v1: dict[str, object] = Field(default_factory=dict[str, object])

    @property
    def writes_spec(self) -> bool:
        """Whether it owns a field of ``spec`` other than numbers of replicas."""
        spec = self.fields_v1.get("f:spec")
        return spec is not None and set(_leaves(spec)) != {"f:replicas"}


def _leaves(fields: object) -> Iterator[str]:
    """Yield the last name of each field of an entry."""
    for key, below in cast("dict[str, object]", fields).items():
        yield from _leaves(below) if below else (key,)


class GraphMeta(Meta):
    """The metadata of a graph, including its field managers."""

    managed_fields: tuple[ManagedFields, ...] = ()


class GraphStatus(Model):
    """The operator's status of a graph: ``pending``, ``successful`` or ``failed``, and the condition ``Ready``; from
    1.x on also the generation that they refer to."""

    state: str = ""
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()


class Graph(KubeObject):
    """A DynamoGraphDeployment. ``spec`` is not parsed, because another program may have written it."""

    metadata: GraphMeta  # pyright: ignore[reportIncompatibleVariableOverride] - it is frozen
    spec: dict[str, object] = Field(default_factory=dict[str, object])
    status: GraphStatus = GraphStatus()

    @property
    def condition(self) -> Condition | None:
        """The condition ``Ready``; None before the operator has seen the graph."""
        return next((c for c in self.status.conditions if c.type == "Ready"), None)

    @property
    def ready(self) -> bool:
        """Whether all its services serve the spec as last written."""
        return self.is_observed and self.condition is not None and self.condition.status == "True"

    @property
    def is_observed(self) -> bool:
        """Whether the status is of the current generation. A status that names no generation (``v1alpha1`` of 0.6) is
        taken as current."""
        observed = self.status.observed_generation
        return observed is None or observed >= self.metadata.generation
