"""The nodes to measure: those of the stack whose GPUs are all free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.cluster_snapshot import HOLDS_A_NODE, ClusterSnapshot
from wideep_cli.doctor.node_capacity import GpuNode, gpu_nodes
from wideep_cli.errors import CallError
from wideep_cli.stack_context import StackContext
from wideep_cluster import Cluster, ClusterError, Listed
from wideep_cluster.kinds import NAMESPACES, NODES, PODS
from wideep_cluster.objects import Node

__all__ = ["Place", "Places", "find_places"]


@dataclass(frozen=True)
class Place:
    """A node, and how many GPUs it offers."""

    node: Node
    gpus: int


@dataclass(frozen=True)
class Places:
    """Nodes to measure. ``skipped``: sentences about the others."""

    places: tuple[Place, ...]
    skipped: tuple[str, ...]


def find_places(cluster: Cluster, loaded: StackContext, wanted: Sequence[str]) -> Places:
    """Return the free GPU nodes, of those named where some are.

    Raises:
        CallError: a named node is not one of the stack's GPU nodes.
        ClusterError: nodes cannot be listed, none is free, or there is no namespace for the Jobs.
    """
    namespace = loaded.plan.namespace
    if cluster.find(NAMESPACES, namespace) is None:
        what = f"Namespace {namespace} does not exist, and the Jobs that measure run there."
        raise ClusterError(f"{what}\n  Run `pulumi up`, or kubectl create namespace {namespace}.")
    nodes = cluster.list(NODES)
    pods = cluster.listed(PODS, fields=HOLDS_A_NODE)
    if pods.error:
        raise pods.error
    view = ClusterSnapshot(nodes=Listed(nodes.items), pods=pods)
    found = gpu_nodes(CheckContext(loaded.settings, loaded.plan, view), own_count=True)
    names = [each.node.name for each in found]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise CallError(f"--nodes {unknown[0]}: not a GPU node of the cluster.", f"GPU nodes: {some_of(names, 8)}.")
    chosen = [each for each in found if not wanted or each.node.name in wanted]
    skipped = {each.node.name: _taken(each) for each in chosen}
    places = tuple(Place(each.node, each.node.gpus) for each in chosen if not skipped[each.node.name])
    reasons = tuple(f"{name}: {reason}" for name, reason in skipped.items() if reason)
    if not places:
        told = "".join(f"\n  {reason}" for reason in reasons) or "\n  No node of the cluster offers nvidia.com/gpu."
        raise ClusterError(f"No GPU node is free, so there is nothing to measure.{told}")
    return Places(places, reasons)


def _taken(node: GpuNode) -> str:
    """Why a node is not measured; empty where it is."""
    if node.barred:
        return f"skipped ({node.barred})."
    if node.free < node.node.gpus:
        holders = f": {some_of(node.taken_by)}" if node.taken_by else ""
        return f"skipped ({node.node.gpus - node.free} of {node.node.gpus} GPUs are taken{holders})."
    return ""
