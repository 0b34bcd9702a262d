"""Where the stack's pods find room: the free GPUs of each node, and the pods that look for some."""

from __future__ import annotations

from wideep.settings.hardware import Interconnect
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.packing import Space, Want
from wideep_cluster.gpu_nodes import CLIQUE_LABEL, GpuNode, find_gpu_nodes

__all__ = ["gpu_nodes", "space", "wants"]


def gpu_nodes(case: CheckContext, *, own_count: bool) -> list[GpuNode]:
    """All nodes with GPUs, or with the product label. ``own_count``: the stack's own pods keep their GPUs; else
    these count as free."""
    graph = (case.settings.namespace, case.plan.name)
    view = case.view
    return find_gpu_nodes(case.settings.hardware, view.nodes.items, view.pods.items, graph, own_count=own_count)


def space(node: GpuNode) -> Space:
    """Room for the stack's pods on a node."""
    return Space(node.node.name, 0 if node.barred else node.free, node.node.labels.get(CLIQUE_LABEL, ""))


def wants(case: CheckContext) -> list[Want]:
    """All pods of the layout. Workers of several pods over NVLink have to stay in one domain."""
    nvlink = case.settings.hardware.interconnect is Interconnect.NVLINK
    return [
        Want(str(role), plan.replicas, plan.pods, plan.gpus_per_pod, confined=nvlink and plan.pods > 1)
        for role, plan in case.plan.roles.items()
    ]
