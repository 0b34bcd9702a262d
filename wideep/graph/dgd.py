"""The DynamoGraphDeployment of ``wideep.dynamo.api.V1ALPHA1``, as far as this program writes it.

The source is the CRD of the chart dynamo-crds 0.6.0; the part that is written here is the same up to 1.2. The operator
makes one component from each service.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, cast

from pydantic import Field

from wideep.dynamo.api import V1ALPHA1, Framework
from wideep.graph.base import Graph, GraphModel, GraphPart, Manifest, Metadata
from wideep.graph.pod import ExtraPodSpec, Int32, Probe, ResourceClaimRef

__all__ = [
    "ComponentType",
    "DynamoGraphDeployment",
    "GraphSpec",
    "Metadata",
    "Multinode",
    "ResourceList",
    "Resources",
    "ScalingAdapter",
    "Service",
    "SharedMemory",
    "SubComponentType",
]

QUANTITY: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
Quantity = int | Annotated[str, Field(pattern=QUANTITY)]


class ComponentType(StrEnum):
    """The operator's type of a service, which determines its ports, default probes and Service."""

    FRONTEND = "frontend"
    WORKER = "worker"


class SubComponentType(StrEnum):
    """A worker's role. It becomes a label of the pods; 0.6.0 does nothing else with it."""

    PREFILL = "prefill"
    DECODE = "decode"


class Multinode(GraphModel):
    """A worker of several pods, each on a node of its own. It needs Grove, or LeaderWorkerSet with Volcano."""

    node_count: Annotated[Int32, Field(ge=2)]


class ResourceList(GraphModel):
    """Amounts for one pod, as Kubernetes quantities. ``custom`` holds device plugins' resources."""

    cpu: str | None = None
    memory: str | None = None
    gpu: str | None = None
    custom: dict[str, str] | None = None


class Resources(GraphModel):
    """What a pod requests: limits alone, which are also its requests. The operator ignores ``requests.gpu``."""

    limits: ResourceList
    claims: tuple[ResourceClaimRef, ...] | None = None


class SharedMemory(GraphModel):
    """The tmpfs at /dev/shm, through which the ranks of one pod communicate."""

    size: Quantity


class ScalingAdapter(GraphModel):
    """A request for a DynamoGraphDeploymentScalingAdapter, which then owns ``replicas``: besides it, admission lets
    only the operator and the planner change them. Without ``enabled: true`` no adapter is made."""

    enabled: bool


class Service(GraphModel):
    """One component of the graph: a frontend, or the workers of one role."""

    dynamo_namespace: str
    """The same for all services of a graph, so that they find each other in etcd."""
    component_type: ComponentType
    sub_component_type: SubComponentType | None = None
    replicas: Int32
    scaling_adapter: ScalingAdapter | None = None
    annotations: dict[str, str] | None = None
    multinode: Multinode | None = None
    resources: Resources | None = None
    shared_memory: SharedMemory | None = None
    readiness_probe: Probe | None = None
    """Replaces the component's default probe; a probe in ``mainContainer`` would be merged into it, handler by
    handler."""
    extra_pod_spec: ExtraPodSpec


class GraphSpec(GraphModel):
    """The services, by their names in the graph."""

    backend_framework: Framework
    services: dict[str, Service]


class DynamoGraphDeployment(Graph):
    """The whole graph, ready to be serialized.

    >>> DynamoGraphDeployment.parse(manifest).manifest() == manifest
    True
    """

    api_version: Annotated[str, Field(pattern=f"^{V1ALPHA1.api_version}$")] = V1ALPHA1.api_version
    metadata: Metadata
    spec: GraphSpec

    @property
    def parts(self) -> tuple[GraphPart, ...]:
        return tuple(
            GraphPart(
                name=key,
                role=str(service.sub_component_type or service.component_type),
                path=f"spec.services.{key}",
                replicas=service.replicas,
                nodes=service.multinode.node_count if service.multinode else 1,
                args=service.extra_pod_spec.main_container.args or (),
                manifest=service.manifest(),
            )
            for key, service in self.spec.services.items()
        )

    @classmethod
    def part_of(cls, spec: Manifest, part: GraphPart) -> Manifest:
        return cast("dict[str, Manifest]", spec["services"])[part.name]

    def spec_with_image(self, image: object) -> Manifest:
        services = {
            key: {
                **service.manifest(),
                "extraPodSpec": {
                    **service.extra_pod_spec.manifest(),
                    "mainContainer": {**service.extra_pod_spec.main_container.manifest(), "image": image},
                },
            }
            for key, service in self.spec.services.items()
        }
        return {**self.spec.manifest(), "services": services}
