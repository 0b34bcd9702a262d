"""The nodes to measure: those of the stack's GPU nodes whose GPUs are all free."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wideep.plan.burnin import BurnInPlan
from wideep.text import some_of
from wideep_cluster.client import Cluster
from wideep_cluster.gpu_nodes import HOLDS_A_NODE, GpuNode, find_gpu_nodes
from wideep_cluster.kinds import NODES, PODS
from wideep_cluster.objects import Node

__all__ = ["Place", "Places", "find_places"]


@dataclass(frozen=True)
class Place:
    """A node, and the number of GPUs that it offers."""

    node: Node
    gpus: int


@dataclass(frozen=True)
class Places:
    """The nodes to measure. ``reasons`` says, by node, why each of the others is not measured."""

    places: tuple[Place, ...]
    reasons: dict[str, str]

    @property
    def names(self) -> list[str]:
        """All GPU nodes of the cluster."""
        return sorted([*(place.node.name for place in self.places), *self.reasons])

    @property
    def skipped(self) -> tuple[str, ...]:
        """A sentence for each node that is not measured."""
        return tuple(f"{node}: skipped ({reason})." for node, reason in self.reasons.items())

    def only(self, wanted: Collection[str]) -> Places:
        """Return the places and reasons of the nodes with these names."""
        reasons = {node: reason for node, reason in self.reasons.items() if node in wanted}
        return Places(tuple(place for place in self.places if place.node.name in wanted), reasons)


def find_places(cluster: Cluster, plan: BurnInPlan) -> Places:
    """Return the free GPU nodes.

    Raises:
        ClusterError: nodes, or the pods of all namespaces, cannot be listed.
    """
    nodes = cluster.list(NODES).items
    pods = cluster.list(PODS, fields=HOLDS_A_NODE).items
    found = find_gpu_nodes(plan.hardware, nodes, pods, (plan.namespace, plan.graph))
    reasons = {each.node.name: _taken(each) for each in found}
    free = tuple(Place(each.node, each.node.gpus) for each in found if not reasons[each.node.name])
    return Places(free, {node: reason for node, reason in reasons.items() if reason})


def _taken(node: GpuNode) -> str:
    """Return why a node is not measured; empty if it is."""
    if node.barred:
        return node.barred
    if node.free < node.node.gpus:
        shown = f": {some_of(node.holders)}" if node.holders else ""
        return f"{node.node.gpus - node.free} of {node.node.gpus} GPUs are taken{shown}"
    return ""
