"""Objects of the cluster as frozen models: only the fields that are read, under their own names."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from wideep.settings.layout import Role

__all__ = [
    "COMPONENT_LABEL",
    "GPU",
    "GRAPH_LABEL",
    "ROLE_LABEL",
    "SERVICE_LABEL",
    "Claim",
    "Component",
    "Condition",
    "Container",
    "ContainerStatus",
    "DaemonSet",
    "Definition",
    "Deployment",
    "Event",
    "Graph",
    "Job",
    "KubeObject",
    "Meta",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "Pod",
    "Quota",
    "Secret",
    "Service",
    "State",
    "StatefulSet",
    "StorageClass",
    "Taint",
    "Toleration",
]

GPU: Final = "nvidia.com/gpu"
GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
SERVICE_LABEL: Final = "nvidia.com/dynamo-component"
COMPONENT_LABEL: Final = "nvidia.com/dynamo-component-type"
ROLE_LABEL: Final = "nvidia.com/dynamo-sub-component-type"


class Model(BaseModel):
    """Base: camelCase names, unknown fields left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Owner(Model):
    """Whose object this is."""

    kind: str
    name: str
    uid: str = ""


class Meta(Model):
    """Name, labels and times of an object."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[Owner, ...] = ()


class KubeObject(Model):
    """An object of any kind."""

    metadata: Meta

    @property
    def name(self) -> str:
        """Its name."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """Its namespace; empty for what is the cluster's own."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return self.metadata.labels


class Condition(Model):
    """One line of what an object says about itself; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Taint(Model):
    """Keeps pods off a node that do not tolerate it."""

    key: str
    value: str = ""
    effect: str


class Toleration(Model):
    """A taint that a pod tolerates. Without a key: all."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


# Nodes


class NodeSpec(Model):
    """Whether pods may come."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(Model):
    """What the node has for pods, as Kubernetes quantities, and how it is."""

    allocatable: dict[str, str] = {}
    conditions: tuple[Condition, ...] = ()


class Node(KubeObject):
    """A machine of the cluster."""

    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def gpus(self) -> int:
        """GPUs that its device plugin offers, taken or not."""
        return int(self.status.allocatable.get(GPU, "0"))

    @property
    def ready(self) -> bool:
        """The kubelet answers."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)


# Pods


class Requirements(Model):
    """What a container asks for, as Kubernetes quantities."""

    limits: dict[str, str] = {}
    requests: dict[str, str] = {}


class Container(Model):
    """A container as its pod's spec has it."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    resources: Requirements = Requirements()


class PodSpec(Model):
    """Where the pod is or may go, and what runs in it."""

    node_name: str = ""
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()


class Waiting(Model):
    """A container that does not run yet, and why (``ImagePullBackOff``)."""

    reason: str = ""
    message: str = ""


class Running(Model):
    """A container that runs."""

    started_at: datetime | None = None


class Terminated(Model):
    """A container that has ended."""

    exit_code: int
    reason: str = ""
    message: str = ""
    finished_at: datetime | None = None


class State(Model):
    """One of the three, or none where nothing is known yet."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Model):
    """How a container is."""

    name: str
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = Field(default="", alias="imageID")
    state: State = State()
    last_state: State = State()


class PodStatus(Model):
    """How a pod is."""

    phase: str = "Unknown"
    reason: str = ""
    message: str = ""
    pod_ip: str = Field(default="", alias="podIP")
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Component(StrEnum):
    """What a pod of a graph is: a role of the layout, or the frontend."""

    FRONTEND = "frontend"
    PREFILL = "prefill"
    DECODE = "decode"


class Pod(KubeObject):
    """A pod."""

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def main(self) -> Container:
        """The container named ``main`` of a graph's pod; of another pod, its first."""
        return next((c for c in self.spec.containers if c.name == "main"), self.spec.containers[0])

    @property
    def main_status(self) -> ContainerStatus | None:
        """How that container is; None before the kubelet has seen the pod."""
        return next((s for s in self.status.container_statuses if s.name == self.main.name), None)

    def asks(self, resource: str) -> int:
        """Of a device plugin's resource, how many the pod takes."""
        return sum(int((c.resources.limits or c.resources.requests).get(resource, "0")) for c in self.spec.containers)

    @property
    def gpus(self) -> int:
        """GPUs that it takes, or waits for."""
        return self.asks(GPU)

    @property
    def graph(self) -> str:
        """The graph that it belongs to; empty for none."""
        return self.labels.get(GRAPH_LABEL, "")

    @property
    def component(self) -> Component | None:
        """What it is in its graph. None: something else, or of no graph."""
        role, kind = self.labels.get(ROLE_LABEL), self.labels.get(COMPONENT_LABEL)
        if role in list(Role):
            return Component(role)
        return Component.FRONTEND if kind == "frontend" else None

    @property
    def ready(self) -> bool:
        """All its containers are ready."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def ended(self) -> bool:
        """It holds nothing of its node any more."""
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def restarts(self) -> int:
        """Restarts of all its containers."""
        return sum(status.restart_count for status in self.status.container_statuses)


class Reference(Model):
    """The object that an event is about."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class Event(KubeObject):
    """Something that happened to an object. ``type`` is ``Normal`` or ``Warning``."""

    involved_object: Reference = Reference()
    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def when(self) -> datetime | None:
        """When it happened last."""
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp


# Workloads and what they need


class Template(Model):
    """The pods that a workload makes."""

    spec: PodSpec = PodSpec()


class Replicas(Model):
    """How many pods are wanted, and which."""

    replicas: int = 1
    template: Template = Template()


class Counts(Model):
    """How many there are."""

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


class JobStatus(Model):
    """How far a Job is."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()


class Job(KubeObject):
    """A Job."""

    status: JobStatus = JobStatus()


class StorageClass(KubeObject):
    """A storage class."""

    provisioner: str = ""
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool = False

    @property
    def default(self) -> bool:
        """The class of claims that name none."""
        return self.metadata.annotations.get("storageclass.kubernetes.io/is-default-class") == "true"


class ClaimSpec(Model):
    """What a claim asks for."""

    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None
    resources: Requirements = Requirements()
    volume_name: str = ""


class ClaimStatus(Model):
    """What it got."""

    phase: str = ""
    capacity: dict[str, str] = {}


class Claim(KubeObject):
    """A PersistentVolumeClaim."""

    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class QuotaStatus(Model):
    """A quota's limits and what is used of them, as quantities."""

    hard: dict[str, str] = {}
    used: dict[str, str] = {}


class Quota(KubeObject):
    """A ResourceQuota."""

    status: QuotaStatus = QuotaStatus()


class NamespaceStatus(Model):
    """``Active`` or ``Terminating``; the conditions say what holds it."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()


class Namespace(KubeObject):
    """A namespace."""

    status: NamespaceStatus = NamespaceStatus()


class ServicePort(Model):
    """A port of a Service; ``target_port`` is a number or the name of a container's port."""

    name: str = ""
    port: int
    target_port: int | str = 0


class ServiceSpec(Model):
    """Which pods, at which ports."""

    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()


class Service(KubeObject):
    """A Service."""

    spec: ServiceSpec = ServiceSpec()


class Definition(KubeObject):
    """A CustomResourceDefinition."""


class Secret(KubeObject):
    """A Secret without its values: they are not even asked for."""


class NetworkPolicy(KubeObject):
    """A NetworkPolicy."""


class DaemonSet(KubeObject):
    """A DaemonSet."""


class GraphStatus(Model):
    """What the operator says of a graph: ``pending``, ``successful`` or ``failed``, and condition ``Ready``."""

    state: str = ""
    conditions: tuple[Condition, ...] = ()


class Graph(KubeObject):
    """A DynamoGraphDeployment. ``spec`` is left as it is: it may be one that this program did not write."""

    spec: dict[str, object] = {}
    status: GraphStatus = GraphStatus()

    @property
    def condition(self) -> Condition | None:
        """The condition ``Ready``; None before the operator has seen the graph."""
        return next((c for c in self.status.conditions if c.type == "Ready"), None)

    @property
    def ready(self) -> bool:
        """All its services serve."""
        return self.condition is not None and self.condition.status == "True"
