"""The graph: one DynamoGraphDeployment, from which the operator creates the frontend, prefill and decode workers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component, known_after_create
from components.dynamic.cluster_resource import ClusterAccess
from components.dynamic.graph_ready import GraphReady, GraphReadyProvider, waited_for
from components.lifecycle.graph_hooks import wait_for_previous_graph
from components.lifecycle.left_fields import leave
from components.lifecycle.state import read_stack_outputs
from wideep.dynamo.base import Immutable
from wideep.graph.base import Graph, Manifest
from wideep.resource_names import GRAPH, GRAPH_TYPES
from wideep_cluster.dynamo.graph_parts import part_names

__all__ = ["WideEp", "WideEpArgs"]

OTHER_API: Final = "apiVersion"
"""A change of the API version also replaces the graph: after a conversion its workers would have another component type
than a newly written graph, and admission does not let anyone change that."""
OTHER_COMPONENTS: Final = "spec.components"
GANGS_ANNOTATION: Final = "dynamo-wideep/gangs"
"""Records how Grove names the gangs of the graph's pods, if that has changed: another value replaces the graph."""


@dataclass(frozen=True)
class WideEpArgs:
    """The graph, and the values that are known only once other resources exist."""

    namespace: pulumi.Input[str]
    graph: Graph
    image: pulumi.Input[str]
    """The image of the pods. It replaces the image in the planned graph."""
    ready_timeout_seconds: int
    """Time from the graph's creation, or its last change, until it must be ready."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """Resources that must exist before the graph: the platform with its drain, the weights, the token."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)
    """The cluster on which to wait for the graph."""
    left_fields: Collection[str] = ()
    """Fields (``spec.services.decode.replicas``) that somebody else manages once the graph exists."""
    immutable: tuple[Immutable, ...] = ()
    """Fields that the release cannot change in place (``Release.replace_on_change``)."""
    gangs: str | None = None
    """The minor release of Dynamo since which Grove uses this release's names for its gangs. None: they never
    changed."""
    engine: str | None = None
    """The engine and its version (``SGLang 0.5.21``), for messages about arguments that it does not know. None: the
    default engine of a stack that names none."""


class WideEp(Component):
    """The graph on the cluster. The component waits until it is ready, after each change too.

    It does not use the provider's own ``pulumi.com/waitFor``: the condition Ready has no generation, so after an update
    it could be the one from before; it says nothing about the pods; and the state does not record the wait if the
    engine is killed.

    >>> graph = WideEp("graph", WideEpArgs(namespace, plan.graph, image.reference, 3600, depends_on=(drain,)))
    """

    graph: pulumi.Resource
    """The graph itself, whether ready or not."""

    def __init__(self, name: str, args: WideEpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        metadata = args.graph.metadata
        gangs = {GANGS_ANNOTATION: args.gangs} if args.gangs else {}
        annotations = {**(metadata.annotations or {}), **gangs}
        replaced_by = _replaced_by(args.graph, args.immutable)
        manifest: Manifest = {
            "apiVersion": args.graph.api_version,
            "metadata": {"annotations": annotations},
            "spec": args.graph.spec_with_image(args.image),
        }
        spec, ignored = leave(args.graph, manifest, args.left_fields, replaced_by)
        previous = pulumi.ResourceHookBinding(before_create=[wait_for_previous_graph(self.hook_name("previous"))])
        graph = self.graph = k8s.apiextensions.CustomResource(
            GRAPH.of(name),
            api_version=args.graph.api_version,
            kind=args.graph.kind,
            metadata=self.metadata(metadata.name, args.namespace, annotations=annotations),
            spec=spec,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(
                    self.api_child(depends_on=args.depends_on, hooks=previous), _replaced(args.graph, replaced_by)
                ),
                pulumi.ResourceOptions(ignore_changes=ignored),
            ),
        )
        live: pulumi.Output[Mapping[str, Any]] = getattr(graph, "metadata")  # noqa: B009 - the SDK does not declare it
        properties = {
            "namespace": args.namespace,
            "deadlineSeconds": args.ready_timeout_seconds,
            **({"engine": args.engine} if args.engine else {}),
            **waited_for(args.graph, spec, known_after_create(graph, live), args.left_fields),
            **args.cluster.properties(),
        }
        GraphReady(GraphReadyProvider(), f"{name}-ready", properties, self.child(depends_on=[graph]))
        self.register_outputs({})


def _replaced_by(graph: Graph, immutable: Iterable[Immutable]) -> list[str]:
    """Return the paths whose change replaces the graph."""
    return [
        OTHER_API,
        f'metadata.annotations["{GANGS_ANNOTATION}"]',
        *(each.path for each in immutable),
        *_other_components(graph),
    ]


def _replaced(graph: Graph, paths: list[str]) -> pulumi.ResourceOptions:
    """Return the options that replace a graph instead of changing it. The old one is deleted first, and the new one is
    created once nothing is left of it (``components.lifecycle.graph_hooks``), because both have the same name and need
    the GPUs.

    The alias tells the engine that a graph of another API version is this same resource. Otherwise it would create the
    new graph first and then delete the old one by name: the provider's delete sends no uid, and would delete the new
    graph (pulumi-kubernetes, await.Deletion).
    """
    aliases = [pulumi.Alias(type_=kind) for kind, api in GRAPH_TYPES.items() if api.api_version != graph.api_version]
    return pulumi.ResourceOptions(replace_on_changes=paths, delete_before_replace=True, aliases=list(aliases))


def _other_components(graph: Graph) -> list[str]:
    """Return the path of the component list if the state has other components: an added or removed one is not a change
    of a field."""
    spec: Mapping[str, Any] = ((read_stack_outputs() or {}).get(GRAPH.name) or {}).get("spec") or {}
    before = part_names(spec)
    same = not before or before == frozenset(part.name for part in graph.parts)
    return [] if same or "components" not in spec else [OTHER_COMPONENTS]
