"""The graph: one DynamoGraphDeployment, from which the operator makes frontend, prefill and decode workers."""

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
"""Another version of the API replaces the graph too: converted, its workers would have another component type than the
same graph written anew, and admission lets nobody change that."""
OTHER_COMPONENTS: Final = "spec.components"
GANGS_ANNOTATION: Final = "dynamo-wideep/gangs"
"""How Grove names the gangs of the graph's pods, where that changed: another value replaces the graph."""


@dataclass(frozen=True)
class WideEpArgs:
    """The graph, and what of it is known only when other resources stand."""

    namespace: pulumi.Input[str]
    graph: Graph
    image: pulumi.Input[str]
    """Stands in place of the image that the graph was planned with."""
    ready_timeout_seconds: int
    """From its creation, or its last change, until it is ready."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """What must stand before it: the platform with its drain, the weights, the token."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)
    """Where the waiting looks for it."""
    left_fields: Collection[str] = ()
    """Fields (``spec.services.decode.replicas``) that somebody else decides, once the graph stands."""
    immutable: tuple[Immutable, ...] = ()
    """Fields that the release cannot change in place (``Release.replace_on_change``)."""
    gangs: str | None = None
    """Since which minor of Dynamo Grove names its gangs as it does in this release. None: it always did."""
    engine: str | None = None
    """With its version (``SGLang 0.5.21``), for messages about arguments that it does not know. None: the one that a
    stack gets which names none."""


class WideEp(Component):
    """The graph on the cluster. It is awaited until it is ready, after each change too.

    Not by the provider's own ``pulumi.com/waitFor``: its condition Ready has no generation, so that after an update it
    would be that of before; it says nothing of the pods; and what it waits for is in no state if the engine is killed.

    >>> graph = WideEp("graph", WideEpArgs(namespace, plan.graph, image.reference, 3600, depends_on=(drain,)))
    """

    graph: pulumi.Resource
    """The graph itself, whether it is ready or not."""

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
    """Return the options that make a graph anew in place of changing it: the old one is deleted first, and the new one
    is made when nothing is left of it (``components.lifecycle.graph_hooks``), because both have one name and hold GPUs.

    By the alias the engine sees this same resource in a graph of another version of the API. Without it, it would make
    the new one first and then delete the old one by name: the provider's delete asks for no uid, and would take the new
    graph away (pulumi-kubernetes, await.Deletion).
    """
    aliases = [pulumi.Alias(type_=kind) for kind, api in GRAPH_TYPES.items() if api.api_version != graph.api_version]
    return pulumi.ResourceOptions(replace_on_changes=paths, delete_before_replace=True, aliases=list(aliases))


def _other_components(graph: Graph) -> list[str]:
    """Return the list of components itself where the state has others: one more or less is no change of a field."""
    spec: Mapping[str, Any] = ((read_stack_outputs() or {}).get(GRAPH.name) or {}).get("spec") or {}
    before = part_names(spec)
    same = not before or before == frozenset(part.name for part in graph.parts)
    return [] if same or "components" not in spec else [OTHER_COMPONENTS]
