"""The readiness of a graph as a resource: its creation or update completes once the graph is ready as last written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from components.dynamic.cluster_resource import ClusterProvider, Properties
from wideep_cluster.cancellation import interruption

if TYPE_CHECKING:  # the engine unpickles providers in a separate process, which does not need the domain model
    from wideep.graph.base import Graph

__all__ = ["GraphReady", "GraphReadyProvider", "waited_for"]


class GraphReadyProvider(ClusterProvider):
    """A provider whose ``create`` and ``update`` return once the graph is ready, and raise with the reason if it will
    not be. Properties: the common ones, and those of ``waited_for``."""

    def create(self, props: Properties) -> CreateResult:
        self._wait(props, frozenset(props["pods"]))
        return super().create(props)

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        before: Mapping[str, str] = _olds.get("templates", {})
        now: Mapping[str, str] = _news["templates"]
        self._wait(_news, frozenset(role for role in now if before.get(role) != now[role]))
        return super().update(_id, _olds, _news)

    def _wait(self, properties: Properties, changed: frozenset[str]) -> None:
        from wideep_cluster.dynamo.graph_wait import await_graph
        from wideep_cluster.dynamo.readiness import GraphTarget

        pods: Mapping[str, float] = properties["pods"]
        wanted = GraphTarget(
            namespace=properties["namespace"],
            graph=properties["graph"],
            generation=int(properties["revision"].partition("/")[2]),
            pods={role: int(pods[role]) for role in sorted(pods)},
            changed=changed,
            counted=frozenset(properties.get("counted", ())),
            engine=properties.get("engine", ""),
        )
        seconds = int(properties["deadlineSeconds"])
        await_graph(self.namespace(properties), wanted, seconds, pulumi.log.info, interruption())


class GraphReady(Resource, module="dynamo-wideep", name="GraphReady"):
    """The resource that represents the readiness of a graph."""


def waited_for(
    graph: Graph,
    spec: dict[str, Any],
    live: pulumi.Output[Mapping[str, Any]],
    left_fields: Collection[str] = (),
) -> dict[str, pulumi.Input[Any]]:
    """Return the properties that describe what to wait for, so that every change of the graph is waited for: its
    ``revision`` (from ``live``, the metadata that the cluster gave it), and by role the number of ``pods`` and a digest
    of their ``templates``. ``counted`` lists the roles whose number of pods is read from the graph itself, because
    others manage it (``left_fields``)."""
    parts = graph.parts
    counted = sorted(part.role for part in parts if f"{part.path}.replicas" in left_fields)
    return {
        **({"counted": counted} if counted else {}),
        "graph": graph.metadata.name,
        "revision": live.apply(_revision),
        "pods": {part.role: part.pods for part in parts},
        "templates": pulumi.Output.from_input(spec).apply(
            lambda known: {part.role: _template(graph.part_of(known, part)) for part in parts}
        ),
    }


def _revision(metadata: Mapping[str, Any]) -> str:
    """Return ``uid/generation`` of the graph as the provider last wrote it. In a preview without the graph's CRD both
    are missing."""
    return f"{metadata.get('uid', '')}/{int(metadata.get('generation') or 0)}"


def _template(service: Mapping[str, Any]) -> str:
    """Return a digest of everything that recreates the pods when it changes."""
    kept = {key: value for key, value in service.items() if key != "scalingAdapter"}
    manifest = json.dumps({**kept, "replicas": None}, sort_keys=True)
    return hashlib.sha256(manifest.encode()).hexdigest()[:12]
