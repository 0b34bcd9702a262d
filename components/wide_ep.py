"""The graph: one DynamoGraphDeployment, from which the operator makes frontend, prefill and decode workers."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from wideep.graph.dgd import DynamoGraphDeployment

__all__ = ["WideEp", "WideEpArgs"]


@dataclass(frozen=True)
class WideEpArgs:
    """The graph, and what of it is known only when other resources stand."""

    namespace: pulumi.Input[str]
    graph: DynamoGraphDeployment
    image: pulumi.Input[str]
    """Stands in place of the image that the graph was planned with."""
    ready_timeout_seconds: int
    """From its creation until its condition Ready."""
    after: tuple[pulumi.Resource, ...] = ()
    """What must stand before it: the platform with its drain, the weights, the token."""


class WideEp(Component):
    """The graph on the cluster. It is awaited until it is ready.

    >>> graph = WideEp("graph", WideEpArgs(namespace, plan.graph, image.reference, 3600, (drain, download)))
    """

    def __init__(self, name: str, args: WideEpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        metadata = args.graph.metadata
        k8s.apiextensions.CustomResource(
            f"{name}-graph",
            api_version=args.graph.api_version,
            kind=args.graph.kind,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=metadata.name,
                namespace=args.namespace,
                annotations=metadata.annotations,
            ),
            spec=args.graph.spec_with_image(args.image),
            opts=self.child(after=args.after, timeout=f"{args.ready_timeout_seconds}s"),
        )
        self.register_outputs({})
