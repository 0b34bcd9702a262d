"""Check what connects the nodes: RDMA devices and NVLink domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wideep.rdma import other_rdma, uses_rdma
from wideep.settings.hardware import Interconnect
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.node_capacity import gpu_nodes
from wideep_cluster.gpu_nodes import CLIQUE_LABEL, GpuNode

__all__ = ["fabric_findings"]


def fabric_findings(case: CheckContext) -> Iterator[Finding]:
    """Check only the network that the layout uses."""
    nodes = [node for node in gpu_nodes(case, own_count=True) if node.node.gpus]
    hardware, several = case.settings.hardware, any(role.pods > 1 for role in case.plan.roles.values())
    if not nodes:
        return
    if uses_rdma(hardware):
        yield _rdma(case, nodes)
    elif hardware.interconnect is Interconnect.NVLINK and several:
        yield _nvlink(case, nodes)
    elif several:
        what = "Workers span nodes over Ethernet: this works, but slowly; DeepEP needs RDMA."
        yield holds(Section.GPUS, "network", what)
    else:
        yield holds(Section.GPUS, "network", "Each worker fits on one node and needs only NVLink.")


def _rdma(case: CheckContext, nodes: list[GpuNode]) -> Finding:
    resource = case.settings.hardware.rdma_resource
    without = [node.node.name for node in nodes if not int(node.node.status.allocatable.get(resource, "0"))]
    if not without and (maker := other_rdma(resource)):
        return _not_mlx5(case, {resource: maker})
    if not without:
        return holds(Section.GPUS, "network", f"All {len(nodes)} GPU nodes offer {resource}.")
    offered = Counter(
        name
        for node in nodes
        for name in node.node.status.allocatable
        if (name.startswith("rdma/") or "hca" in name or "roce" in name) and other_rdma(name) is None
    )
    what = f"{some_of(without)} of {len(nodes)} GPU nodes offer no {resource}, which each worker requests."
    if len(without) < len(nodes):
        fix = f"Check the RDMA device plugin on {without[0]}, or exclude the node with hardware.nodeSelector."
        return fails(Section.GPUS, "network", what, fix, key="hardware.nodeSelector")
    if offered:
        fix = f"hardware.rdmaResource: {offered.most_common(1)[0][0]}"
        return fails(Section.GPUS, "network", what, fix, key="hardware.rdmaResource")
    if others := _others(nodes):
        return _not_mlx5(case, others)
    fixes = ["Install NVIDIA's network operator (or another RDMA device plugin)."]
    if not any(role.pods > 1 for role in case.plan.roles.values()):
        fixes.append("hardware.interconnect: ethernet, which sends the KV cache from prefill to decode over TCP")
    return fails(Section.GPUS, "network", what, *fixes, key="hardware.interconnect")


def _others(nodes: list[GpuNode]) -> dict[str, str]:
    """Return the resources of RDMA adapters that are not NVIDIA's, each with its manufacturer."""
    offered = (name for node in nodes for name, count in node.node.status.allocatable.items() if count != "0")
    return {name: maker for name in offered if (maker := other_rdma(name))}


def _not_mlx5(case: CheckContext, others: dict[str, str]) -> Finding:
    """Report other adapters: NVIDIA's network operator drives only mlx5 adapters, and would find none here."""
    resource, maker = next(iter(others.items()))
    spanning = [str(name) for name, role in case.settings.layout.roles.items() if role.deepep and role.nodes > 1]
    what = f"The nodes offer {resource} ({maker}): NCCL, UCX and DeepEP are set up for NVIDIA's mlx5 adapters here."
    fixes = ["hardware.interconnect: ethernet, which sends collectives and the KV cache over TCP"]
    for name in spanning:
        fixes.append(f"layout.{name}: moeA2aBackend: none, or workers of one node: DeepEP needs mlx5 between nodes")
    return fails(Section.GPUS, "network", what, *fixes, key="hardware.interconnect")


def _nvlink(case: CheckContext, nodes: list[GpuNode]) -> Finding:
    """Check the size of the NVLink domains by node label. Whether the workers fit into them is left to the packing."""
    domains = Counter(node.node.labels.get(CLIQUE_LABEL, "") for node in nodes)
    if "" in domains:
        what = f"{domains['']} of {len(nodes)} GPU nodes lack the label {CLIQUE_LABEL} with their NVLink domain."
        return unknown(Section.GPUS, "network", what, "Update NVIDIA's GPU feature discovery there.")
    largest = max(role.pods for role in case.plan.roles.values())
    if max(domains.values()) < largest:
        what = f"A worker has {largest} pods, and the largest NVLink domain {max(domains.values())} nodes."
        fix = f"layout: workers of {max(domains.values())} nodes or fewer"
        return fails(Section.GPUS, "network", what, fix, key="layout")
    return holds(Section.GPUS, "network", f"{len(domains)} NVLink domains of up to {max(domains.values())} nodes.")
