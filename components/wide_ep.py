"""The graph: one DynamoGraphDeployment, from which the operator makes frontend, prefill and decode workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from components.awaiting import await_graph
from components.base import Component
from components.cluster_resource import ClusterAccess, ClusterProvider, Properties
from components.interrupt import interruption
from components.readiness import Wanted
from wideep.graph.build import GROVE_ANNOTATION
from wideep.graph.dgd import DynamoGraphDeployment, Service

__all__ = ["IN_OTHER_HANDS", "GraphReadyProvider", "WideEp", "WideEpArgs"]

IN_OTHER_HANDS: Final = pulumi.ResourceOptions(
    replace_on_changes=[f'metadata.annotations["{GROVE_ANNOTATION}"]'], delete_before_replace=True
)
"""Grove takes the graph over, or gives it back. The operator leaves what it made of it before, and both would hold
GPUs: the graph is deleted, and made anew when nothing of it is left (``components.former``)."""


class GraphReadyProvider(ClusterProvider):
    """``create`` and ``update`` return when the graph is ready, or say why it will not be. Properties, beside those of
    all: ``revision`` (``uid/generation``, so that whatever changes the graph is waited for) and ``pods`` by role."""

    def create(self, props: Properties) -> CreateResult:
        self._wait(props)
        return super().create(props)

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        self._wait(_news)
        return super().update(_id, _olds, _news)

    def _wait(self, properties: Properties) -> None:
        pods: Mapping[str, float] = properties["pods"]
        wanted = Wanted(
            namespace=properties["namespace"],
            graph=properties["graph"],
            generation=int(properties["revision"].partition("/")[2]),
            pods={role: int(count) for role, count in pods.items()},
        )
        seconds = int(properties["deadlineSeconds"])
        await_graph(self.namespace(properties), wanted, seconds, pulumi.log.info, interruption())


class GraphReady(Resource, module="dynamo-wideep", name="GraphReady"):
    """That the graph is ready, as it was last written."""


@dataclass(frozen=True)
class WideEpArgs:
    """The graph, and what of it is known only when other resources stand."""

    namespace: pulumi.Input[str]
    graph: DynamoGraphDeployment
    image: pulumi.Input[str]
    """Stands in place of the image that the graph was planned with."""
    ready_timeout_seconds: int
    """From its creation, or its last change, until it is ready."""
    after: tuple[pulumi.Resource, ...] = ()
    """What must stand before it: the platform with its drain, the weights, the token."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)
    """Where the waiting looks for it."""


class WideEp(Component):
    """The graph on the cluster. It is awaited until it is ready, after each change too.

    Not by the provider's own ``pulumi.com/waitFor``: its condition Ready has no generation, so that after an update it
    would be that of before; it says nothing of the pods; and what it waits for is in no state if the engine is killed.

    >>> graph = WideEp("graph", WideEpArgs(namespace, plan.graph, image.reference, 3600, (drain, download)))
    """

    graph: pulumi.Resource
    """The graph itself, whether it is ready or not."""

    def __init__(self, name: str, args: WideEpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        metadata = args.graph.metadata
        graph = self.graph = k8s.apiextensions.CustomResource(
            f"{name}-graph",
            api_version=args.graph.api_version,
            kind=args.graph.kind,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=metadata.name,
                namespace=args.namespace,
                annotations=metadata.annotations,
            ),
            spec=args.graph.spec_with_image(args.image),
            opts=pulumi.ResourceOptions.merge(self.child(after=args.after), IN_OTHER_HANDS),
        )
        live: pulumi.Output[dict[str, Any]] = getattr(graph, "metadata")  # noqa: B009 - the SDK does not declare it
        properties = {
            "namespace": args.namespace,
            "graph": metadata.name,
            "revision": live.apply(lambda live: f"{live.get('uid')}/{live.get('generation')}"),
            "pods": _pods(args.graph.spec.services.values()),
            "deadlineSeconds": args.ready_timeout_seconds,
            **args.cluster.properties(),
        }
        GraphReady(GraphReadyProvider(), f"{name}-ready", properties, self.child(after=[graph]))
        self.register_outputs({})


def _pods(services: Iterable[Service]) -> dict[str, int]:
    """By role: the workers' and the frontend's."""
    return {
        str(service.sub_component_type or service.component_type): service.replicas * _pods_each(service)
        for service in services
    }


def _pods_each(service: Service) -> int:
    return service.multinode.node_count if service.multinode else 1
