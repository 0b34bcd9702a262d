"""Conversion of a ``v1alpha1`` service to a ``v1beta1`` component: the same pods, with the fields where that version
has them."""

from __future__ import annotations

from typing import Final

from wideep.dynamo.releases import sort_key
from wideep.graph.common import Stack
from wideep.graph.dgd import Quantity, ResourceList, Service
from wideep.graph.dgd import Resources as ServiceResources
from wideep.graph.v1beta1 import (
    Component,
    MainContainer,
    PodSpec,
    PodTemplate,
    Resources,
    ScalingAdapter,
    TemplateMetadata,
    Type,
)

__all__ = ["component", "resources", "runtime"]

GPU: Final = "nvidia.com/gpu"
RUNTIME_VERSION_FROM: Final = (1, 4)
"""From this minor on the operator must know which Dynamo an image contains."""


def component(stack: Stack, name: str, service: Service) -> Component:
    """Return the component of a service."""
    return Component(
        name=name,
        type=Type(service.sub_component_type or service.component_type),
        replicas=service.replicas,
        scaling_adapter=ScalingAdapter() if service.scaling_adapter else None,
        multinode=service.multinode,
        shared_memory_size=service.shared_memory.size if service.shared_memory else None,
        runtime_version_override=runtime(stack),
        pod_template=PodTemplate(
            metadata=TemplateMetadata(annotations=service.annotations) if service.annotations else None,
            spec=_pod(service),
        ),
    )


def runtime(stack: Stack) -> str | None:
    """Return the image's Dynamo version, even if its tag says it: the pods get a digest instead once it is known.

    None before 1.4.
    """
    if stack.release.row.minor < RUNTIME_VERSION_FROM:
        return None
    return ".".join(map(str, sort_key(stack.release.version)))


def _pod(service: Service) -> PodSpec:
    pod = service.extra_pod_spec
    around = {name: getattr(pod, name) for name in type(pod).model_fields if name != "main_container"}
    container = pod.main_container
    main = MainContainer(
        **{name: getattr(container, name) for name in type(container).model_fields},
        resources=resources(service.resources),
        readiness_probe=service.readiness_probe,
    )
    return PodSpec(containers=(main,), **around)


def resources(given: ServiceResources | None) -> Resources | None:
    """Return a container's resources under Kubernetes' names."""
    return Resources(limits=_limits(given.limits), claims=given.claims) if given else None


def _limits(given: ResourceList) -> dict[str, Quantity]:
    """Return the limits under Kubernetes' names, which device plugins' resources have already."""
    named = {"cpu": given.cpu, "memory": given.memory, GPU: given.gpu, **(given.custom or {})}
    return {name: amount for name, amount in named.items() if amount is not None}
