"""Stands before a graph at destroy: it goes only while there is an operator that can take it down."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
from pulumi.dynamic import Resource

from components.base import Component
from components.cluster_resource import ClusterAccess, ClusterProvider, Properties
from components.draining import await_operator

__all__ = ["Takedown", "TakedownArgs", "TakedownProvider"]


class TakedownProvider(ClusterProvider):
    """``delete`` returns when the operator runs, or refuses."""

    def delete(self, _id: str, _props: Properties) -> None:
        await_operator(self.namespace(_props), _props["graph"], int(_props["deadlineSeconds"]), pulumi.log.info)


class GraphTakedown(Resource, module="dynamo-wideep", name="GraphTakedown"):
    """The resource behind the component."""


@dataclass(frozen=True)
class TakedownArgs:
    """Which graph is looked after, and how long an operator that is not ready may take (seconds)."""

    namespace: pulumi.Input[str]
    graph: str
    stands: tuple[pulumi.Resource, ...]
    """The graph."""
    deadline_seconds: int = 120
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class Takedown(Component):
    """What depends on the graph, and so is asked first at destroy.

    A graph has finalizers that only a living operator takes away. Deleted while there is none it would stop serving
    and never go; here it is refused while it still serves, with what to do.

    >>> takedown = Takedown("takedown", TakedownArgs("dynamo-workshop", "sgl-dsr1", stands=(graph,)))
    """

    def __init__(self, name: str, args: TakedownArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {
            "namespace": args.namespace,
            "graph": args.graph,
            "deadlineSeconds": args.deadline_seconds,
            **args.cluster.properties(),
        }
        GraphTakedown(TakedownProvider(), f"{name}-graph", properties, self.child(after=args.stands))
        self.register_outputs({})
