"""The DynamoGraphDeployment of ``wideep.dynamo.api.V1BETA1``, as far as this program writes it.

The sources are Dynamo's types of that version and the examples in the wheel of ``ai-dynamo`` 1.6.1. A component is a
pod template with a name and a type; the operator merges its own default container under the one called ``main``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, cast

from pydantic import Field

from wideep.dynamo.api import V1BETA1, Framework
from wideep.graph.base import Graph, GraphModel, GraphPart, Manifest, Metadata
from wideep.graph.dgd import Multinode, Quantity
from wideep.graph.pod import Container, InitContainer, Int32, PodFields, Probe, ResourceClaimRef

__all__ = [
    "MAIN",
    "Component",
    "DynamoGraphDeployment",
    "GraphSpec",
    "MainContainer",
    "PodSpec",
    "PodTemplate",
    "Resources",
    "ScalingAdapter",
    "TemplateMetadata",
    "Type",
]

MAIN: Final = "main"
"""The container that gets the operator's defaults."""
MOST_COMPONENTS: Final = 25
NAME: Final = r"^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$"


class Type(StrEnum):
    """The operator's type of a component. It cannot be changed from 1.5 on."""

    FRONTEND = "frontend"
    PREFILL = "prefill"
    DECODE = "decode"
    PLANNER = "planner"


class Resources(GraphModel):
    """A container's resources under Kubernetes' names (``nvidia.com/gpu``): limits alone, which are also its
    requests."""

    limits: dict[str, Quantity]
    claims: tuple[ResourceClaimRef, ...] | None = None


class _Named(GraphModel):
    name: Literal["main"] = MAIN


class MainContainer(Container, _Named):
    """The container of the frontend or of the engine."""

    resources: Resources | None = None
    readiness_probe: Probe | None = None
    """Replaces the operator's probe as a whole."""


class TemplateMetadata(GraphModel):
    """Annotations of a component; this version also reads the component's own annotations here."""

    annotations: dict[str, str]


class _Containers(GraphModel):
    containers: tuple[MainContainer]
    init_containers: tuple[InitContainer, ...] | None = None


class PodSpec(PodFields, _Containers):
    """A component's pods. It names no service account: the operator fills in the one with which pods find each
    other."""


class PodTemplate(GraphModel):
    """The template of a component's pods."""

    metadata: TemplateMetadata | None = None
    spec: PodSpec


class ScalingAdapter(GraphModel):
    """A request for a DynamoGraphDeploymentScalingAdapter; its presence is enough (dynamo#12986)."""


class Component(GraphModel):
    """A frontend, or the workers of one role."""

    name: Annotated[str, Field(pattern=NAME)]
    """A name that is unique in the graph, ignoring case."""
    type: Type
    replicas: Annotated[Int32, Field(ge=0)]
    scaling_adapter: ScalingAdapter | None = None
    multinode: Multinode | None = None
    shared_memory_size: Quantity | None = None
    runtime_version_override: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] | None = None
    """The Dynamo version of an image whose tag does not say it, such as a digest (admission, from 1.4 on)."""
    pod_template: PodTemplate


class GraphSpec(GraphModel):
    """The components."""

    backend_framework: Framework
    """Also shown as a column when kubectl lists graphs, which is empty without it."""
    components: Annotated[tuple[Component, ...], Field(min_length=1, max_length=MOST_COMPONENTS)]


class DynamoGraphDeployment(Graph):
    """The whole graph, ready to be serialized.

    >>> DynamoGraphDeployment.parse(manifest).manifest() == manifest
    True
    """

    api_version: Annotated[str, Field(pattern=f"^{V1BETA1.api_version}$")] = V1BETA1.api_version
    metadata: Metadata
    spec: GraphSpec

    @property
    def parts(self) -> tuple[GraphPart, ...]:
        return tuple(
            GraphPart(
                name=component.name,
                role=component.type,
                path=f"spec.components[{index}]",
                replicas=component.replicas,
                nodes=component.multinode.node_count if component.multinode else 1,
                args=component.pod_template.spec.containers[0].args or (),
                manifest=component.manifest(),
            )
            for index, component in enumerate(self.spec.components)
        )

    @classmethod
    def part_of(cls, spec: Manifest, part: GraphPart) -> Manifest:
        found = [each for each in cast("list[Manifest]", spec["components"]) if each["name"] == part.name]
        if not found:
            raise KeyError(part.name)
        return found[0]

    def spec_with_image(self, image: object) -> Manifest:
        components = [
            component.manifest() if component.type is Type.PLANNER else _with_image(component, image)
            for component in self.spec.components
        ]
        return {**self.spec.manifest(), "components": components}


def _with_image(component: Component, image: object) -> Manifest:
    spec = component.pod_template.spec
    containers = [{**container.manifest(), "image": image} for container in spec.containers]
    template = {**component.pod_template.manifest(), "spec": {**spec.manifest(), "containers": containers}}
    return {**component.manifest(), "podTemplate": template}
