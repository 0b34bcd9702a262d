"""Pods: their node, their containers and status, and their place in a graph."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from wideep.dynamo.api import COMPONENT_LABEL, GRAPH_LABEL, ROLE_LABEL
from wideep_cluster.objects.base import Condition, KubeObject, Model
from wideep_cluster.objects.nodes import GPU, Toleration

__all__ = [
    "COMPONENT_LABEL",
    "GRAPH_LABEL",
    "ROLE_LABEL",
    "Component",
    "Container",
    "ContainerStatus",
    "Pod",
    "PodSpec",
    "Requirements",
    "State",
    "Terminated",
]


class Requirements(Model):
    """What a container asks for, as Kubernetes quantities."""

    limits: dict[str, str] = Field(default_factory=dict[str, str])
    requests: dict[str, str] = Field(default_factory=dict[str, str])


class Container(Model):
    """A container in a pod's spec."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    resources: Requirements = Requirements()


class PodSpec(Model):
    """Where the pod runs or may run, and its containers."""

    node_name: str = ""
    node_selector: dict[str, str] = Field(default_factory=dict[str, str])
    tolerations: tuple[Toleration, ...] = ()
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()


class Waiting(Model):
    """A container that does not run yet, and why (``ImagePullBackOff``)."""

    reason: str = ""
    message: str = ""


class Running(Model):
    """A running container."""

    started_at: datetime | None = None


class Terminated(Model):
    """A container that has ended."""

    exit_code: int
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class State(Model):
    """One of the three states; none of them if nothing is known yet."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Model):
    """The status of a container."""

    name: str
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    state: State = State()
    last_state: State = State()


class PodStatus(Model):
    """The status of a pod."""

    phase: str = "Unknown"
    reason: str = ""
    message: str = ""
    pod_ip: str = Field(default="", alias="podIP")
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Component(StrEnum):
    """The part of a graph that a pod belongs to: a role of the layout, or the frontend."""

    FRONTEND = "frontend"
    PREFILL = "prefill"
    DECODE = "decode"


class Pod(KubeObject):
    """A pod."""

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def main(self) -> Container:
        """The container named ``main``, as in a graph's pod; if there is none, the first container."""
        return next((c for c in self.spec.containers if c.name == "main"), self.spec.containers[0])

    @property
    def main_status(self) -> ContainerStatus | None:
        """The status of that container; None before the kubelet has seen the pod."""
        return next((s for s in self.status.container_statuses if s.name == self.main.name), None)

    def asks(self, resource: str) -> int:
        """Return how many units of a device plugin's resource the pod requests."""
        return sum(int((c.resources.limits or c.resources.requests).get(resource, "0")) for c in self.spec.containers)

    @property
    def gpus(self) -> int:
        """The number of GPUs that the pod holds or waits for."""
        return self.asks(GPU)

    @property
    def graph(self) -> str:
        """The name of the pod's graph; empty if it belongs to none."""
        return self.labels.get(GRAPH_LABEL, "")

    @property
    def component(self) -> Component | None:
        """The pod's component in its graph. None: another one, or the pod belongs to no graph."""
        known = list(Component)
        found = (self.labels.get(label, "") for label in (ROLE_LABEL, COMPONENT_LABEL))
        return next((Component(each) for each in found if each in known), None)

    @property
    def ready(self) -> bool:
        """Whether the pod's condition Ready is true: all its containers are ready."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def ended(self) -> bool:
        """Whether the pod has ended, so that it no longer holds resources of its node."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def restarts(self) -> int:
        """The number of restarts of all its containers."""
        return sum(status.restart_count for status in self.status.container_statuses)
