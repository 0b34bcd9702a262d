"""What makes pods: Deployments and their kin, Jobs, and graphs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Meta, Model
from wideep_cluster.objects.pods import PodSpec

__all__ = ["DaemonSet", "Deployment", "Graph", "Job", "StatefulSet"]


class Template(Model):
    """The pods that a workload makes."""

    spec: PodSpec = PodSpec()


class Replicas(Model):
    """How many pods are wanted, and which."""

    replicas: int = 1
    template: Template = Template()


class Counts(Model):
    """Number of GPUs."""

    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(KubeObject):
    """A Deployment."""

    spec: Replicas = Replicas()
    status: Counts = Counts()

    @property
    def ready(self) -> bool:
        """At least one of its pods serves."""
        return self.status.ready_replicas > 0


class StatefulSet(Deployment):
    """A StatefulSet: what is read of it is what is read of a Deployment."""


class DaemonSet(KubeObject):
    """A DaemonSet."""


class JobStatus(Model):
    """How far a Job is."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()


class Job(KubeObject):
    """A Job."""

    status: JobStatus = JobStatus()


class ManagedFields(Model):
    """When somebody wrote fields of an object last, and which."""

    time: datetime | None = None
    fields_v1: dict[str, object] = Field(default_factory=dict[str, object])

    @property
    def writes_spec(self) -> bool:
        """Something of ``spec`` is theirs, and not only how many replicas there are."""
        spec = self.fields_v1.get("f:spec")
        return spec is not None and set(_leaves(spec)) != {"f:replicas"}


def _leaves(fields: object) -> Iterator[str]:
    """The fields of an entry, each by its last name."""
    for key, below in cast("dict[str, object]", fields).items():
        yield from _leaves(below) if below else (key,)


class GraphMeta(Meta):
    """The same, and who wrote it."""

    managed_fields: tuple[ManagedFields, ...] = ()


class GraphStatus(Model):
    """What the operator says of a graph: ``pending``, ``successful`` or ``failed``, and condition ``Ready``; from 1.x
    on, of which generation."""

    state: str = ""
    observed_generation: int | None = None
    conditions: tuple[Condition, ...] = ()


class Graph(KubeObject):
    """A DynamoGraphDeployment. ``spec`` is left as it is: it may be one that this program did not write."""

    metadata: GraphMeta  # pyright: ignore[reportIncompatibleVariableOverride] - it is frozen
    spec: dict[str, object] = Field(default_factory=dict[str, object])
    status: GraphStatus = GraphStatus()

    @property
    def condition(self) -> Condition | None:
        """The condition ``Ready``; None before the operator has seen the graph."""
        return next((c for c in self.status.conditions if c.type == "Ready"), None)

    @property
    def ready(self) -> bool:
        """All its services serve, as it was last written."""
        return self.is_observed and self.condition is not None and self.condition.status == "True"

    @property
    def is_observed(self) -> bool:
        """False: what the operator says is of an older generation. One that names none (``v1alpha1`` of 0.6) is
        believed."""
        observed = self.status.observed_generation
        return observed is None or observed >= self.metadata.generation
