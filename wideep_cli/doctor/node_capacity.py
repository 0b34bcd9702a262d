"""The free GPUs of each node, and the stack's pods that need them."""

from __future__ import annotations

from wideep.settings.hardware import Interconnect
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.packing import Space, Want
from wideep_cluster.gpu_nodes import CLIQUE_LABEL, GpuNode, find_gpu_nodes

__all__ = ["gpu_nodes", "space", "wants"]


def gpu_nodes(case: CheckContext, *, own_count: bool) -> list[GpuNode]:
    """Return all nodes with GPUs or with the product label.

    ``own_count``: the GPUs of the stack's own pods count as taken; otherwise they count as free.
    """
    graph = (case.settings.namespace, case.plan.name)
    view = case.view
    return find_gpu_nodes(case.settings.hardware, view.nodes.items, view.pods.items, graph, own_count=own_count)


def space(node: GpuNode) -> Space:
    """Return the room for the stack's pods on a node; 0 GPUs if they may not run there."""
    return Space(node.node.name, 0 if node.barred else node.free, node.node.labels.get(CLIQUE_LABEL, ""))


def wants(case: CheckContext) -> list[Want]:
    """Return all pods of the layout. Over NVLink, workers of several pods must stay in one domain."""
    nvlink = case.settings.hardware.interconnect is Interconnect.NVLINK
    return [
        Want(str(role), plan.replicas, plan.pods, plan.gpus_per_pod, confined=nvlink and plan.pods > 1)
        for role, plan in case.plan.roles.items()
    ]
