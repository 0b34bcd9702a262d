"""The graph: one DynamoGraphDeployment, from which the operator makes frontend, prefill and decode workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component, known_after_create
from components.dynamic.cluster_resource import ClusterAccess
from components.dynamic.graph_ready import GraphReady, GraphReadyProvider, waited_for
from components.lifecycle.graph_hooks import wait_for_previous_graph
from wideep.dynamo.api import GROVE_ANNOTATION
from wideep.graph.dgd import DynamoGraphDeployment
from wideep.resource_names import GRAPH

__all__ = ["REPLACE_ON_GROVE_CHANGE", "WideEp", "WideEpArgs"]

REPLACE_ON_GROVE_CHANGE: Final = pulumi.ResourceOptions(
    replace_on_changes=[f'metadata.annotations["{GROVE_ANNOTATION}"]'], delete_before_replace=True
)
"""Grove takes the graph over, or gives it back. The operator leaves what it made of it before, and both would hold
GPUs: the graph is deleted, and made anew when nothing of it is left (``components.lifecycle.graph_hooks``)."""


@dataclass(frozen=True)
class WideEpArgs:
    """The graph, and what of it is known only when other resources stand."""

    namespace: pulumi.Input[str]
    graph: DynamoGraphDeployment
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
        metadata, spec = args.graph.metadata, args.graph.spec_with_image(args.image)
        previous = pulumi.ResourceHookBinding(before_create=[wait_for_previous_graph(self.hook_name("previous"))])
        graph = self.graph = k8s.apiextensions.CustomResource(
            GRAPH.of(name),
            api_version=args.graph.api_version,
            kind=args.graph.kind,
            metadata=self.metadata(metadata.name, args.namespace, annotations=metadata.annotations),
            spec=spec,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions.merge(
                    self.api_child(depends_on=args.depends_on, hooks=previous), REPLACE_ON_GROVE_CHANGE
                ),
                # The provider then writes what the cluster has, or leaves it out where it is another manager's.
                pulumi.ResourceOptions(ignore_changes=sorted(args.left_fields)),
            ),
        )
        live: pulumi.Output[Mapping[str, Any]] = getattr(graph, "metadata")  # noqa: B009 - the SDK does not declare it
        properties = {
            "namespace": args.namespace,
            "deadlineSeconds": args.ready_timeout_seconds,
            **waited_for(args.graph, spec, known_after_create(graph, live), args.left_fields),
            **args.cluster.properties(),
        }
        GraphReady(GraphReadyProvider(), f"{name}-ready", properties, self.child(depends_on=[graph]))
        self.register_outputs({})
