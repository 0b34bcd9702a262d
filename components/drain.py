"""Stands between the platform and a graph, so that the platform goes only when nothing of the graph is left."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
from pulumi.dynamic import Resource

from components.base import Component
from components.cluster_resource import ClusterAccess, ClusterProvider, Properties
from components.draining import drain

__all__ = ["Drain", "DrainArgs", "DrainProvider"]


class DrainProvider(ClusterProvider):
    """``delete`` returns when the graph's children are gone."""

    def delete(self, _id: str, _props: Properties) -> None:
        drain(self.namespace(_props), _props["graph"], int(_props["deadlineSeconds"]), pulumi.log.info)


class GraphDrain(Resource, module="dynamo-wideep", name="GraphDrain"):
    """The resource behind the component."""


@dataclass(frozen=True)
class DrainArgs:
    """Which graph is waited for, and how long (seconds)."""

    namespace: pulumi.Input[str]
    graph: str
    needs: tuple[pulumi.Resource, ...]
    """What the graph's objects need to the last: the operator that ends them, the volume and Secret of its pods."""
    deadline_seconds: int = 900
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class Drain(Component):
    """What the graph depends on, so that destroy takes graph, drain and the rest in this order.

    A resource and not a delete hook: hooks run the program, which `pulumi destroy` does only with --run-program.

    >>> drain = Drain("drain", DrainArgs("dynamo-workshop", "sgl-dsr1", needs=(platform, cache, token)))
    """

    def __init__(self, name: str, args: DrainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {
            "namespace": args.namespace,
            "graph": args.graph,
            "deadlineSeconds": args.deadline_seconds,
            **args.cluster.properties(),
        }
        GraphDrain(DrainProvider(), f"{name}-graph", properties, self.child(after=args.needs))
        self.register_outputs({})
