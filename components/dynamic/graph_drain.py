"""Taking a graph down, as resources around it. They create nothing, and act only when they are deleted.

    platform ◄── drain ◄── graph ◄── takedown

Destroy proceeds from right to left. These are resources rather than delete hooks because hooks need the program, which
`pulumi destroy` runs only with --run-program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pulumi
from pulumi.dynamic import Resource

from components.base import Component
from components.dynamic.cluster_resource import ClusterAccess, ClusterProvider, Properties

__all__ = ["Drain", "DrainProvider", "Takedown", "TakedownProvider", "TeardownArgs"]


class DrainProvider(ClusterProvider):
    """A provider whose ``delete`` returns once the graph's children are gone."""

    def delete(self, _id: str, _props: Properties) -> None:
        from wideep_cluster.dynamo.drain import drain

        drain(self.namespace(_props), _props["graph"], int(_props["deadlineSeconds"]), pulumi.log.info)


class TakedownProvider(ClusterProvider):
    """A provider whose ``delete`` returns once the operator runs, and raises if it does not."""

    def delete(self, _id: str, _props: Properties) -> None:
        from wideep_cluster.dynamo.drain import await_operator

        await_operator(self.namespace(_props), _props["graph"], int(_props["deadlineSeconds"]), pulumi.log.info)


class GraphDrain(Resource, module="dynamo-wideep", name="GraphDrain"):
    """The resource behind a Drain."""


class GraphTakedown(Resource, module="dynamo-wideep", name="GraphTakedown"):
    """The resource behind a Takedown."""


@dataclass(frozen=True)
class TeardownArgs:
    """Which graph, and on which cluster."""

    namespace: pulumi.Input[str]
    graph: str
    depends_on: tuple[pulumi.Resource, ...]
    """Resources that must exist during the deletion; they are deleted after it."""
    deadline_seconds: int | None = None
    """How long the deletion may wait. None: the default of the component."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)


class _Teardown(Component):
    """Base class of both: one resource, whose provider acts on deletion."""

    resource: ClassVar[type[Resource]]
    provider: ClassVar[type[ClusterProvider]]
    deadline_seconds: ClassVar[int]

    def __init__(self, name: str, args: TeardownArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {
            "namespace": args.namespace,
            "graph": args.graph,
            "deadlineSeconds": self.deadline_seconds if args.deadline_seconds is None else args.deadline_seconds,
            **args.cluster.properties(),
        }
        self.resource(self.provider(), f"{name}-graph", properties, self.child(depends_on=args.depends_on))
        self.register_outputs({})


class Drain(_Teardown):
    """A component that the graph depends on: it is deleted once nothing of the graph is left, and the platform only
    after it.

    ``depends_on`` is what the graph's objects need until they are gone: the operator that finalizes them, and the
    volume and Secret of its pods.

    >>> drain = Drain("drain", TeardownArgs("dynamo-workshop", "sgl-dsr1", depends_on=(platform, cache, token)))
    """

    resource, provider, deadline_seconds = GraphDrain, DrainProvider, 900


class Takedown(_Teardown):
    """A component that depends on the graph and is therefore deleted first: its deletion fails unless an operator runs.

    A graph has finalizers that only a running operator removes. Deleted without one, it would stop serving and never go
    away. The refusal comes while the graph still serves, and says what to do. ``depends_on`` is the graph.

    >>> cluster = ClusterAccess(context="prod")  # of a program that makes its own kubernetes.Provider
    >>> args = TeardownArgs("dynamo-workshop", "sgl-dsr1", depends_on=(graph,), cluster=cluster)
    >>> takedown = Takedown("takedown", args)
    """

    resource, provider, deadline_seconds = GraphTakedown, TakedownProvider, 120
