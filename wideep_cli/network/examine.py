"""Examine the network of each worker: devices, reachability, and errors in the logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from wideep.masking import masked
from wideep.settings.hardware import Interconnect
from wideep_cli.deployment import DeployedGraph, GraphPod
from wideep_cli.network.complaints import complaints, transports
from wideep_cli.network.connectivity import Reached, reaches
from wideep_cli.network.devices import Port, ports
from wideep_cluster import ClusterError, ForbiddenError, UnreachableError

__all__ = ["Examined", "examine", "findings"]

AT_ONCE: Final = 8
LINES: Final = 20_000


@dataclass(frozen=True)
class Examined:
    """The network of a worker's pod. ``ports`` is a text if ibstat reports none, which says why.

    ``unseen``: what could not be read, and why.
    """

    member: GraphPod
    ports: tuple[Port, ...] | str
    reached: tuple[Reached, ...]
    complaints: tuple[str, ...]
    transports: tuple[str, ...]
    unseen: tuple[str, ...] = ()


def examine(live: DeployedGraph, members: Sequence[GraphPod]) -> list[Examined]:
    """Examine every pod of every worker, several in parallel.

    Raises:
        UnreachableError: the cluster does not respond.
    """

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(_examine, live, members), members))


def _targets(member: GraphPod, members: Sequence[GraphPod]) -> list[GraphPod]:
    """Return the other pods of its worker; for a first pod, also the other role's, with which it exchanges KV cache."""
    return [
        each
        for each in members
        if ((each.component, each.worker) == (member.component, member.worker) and each.rank != member.rank)
        or (each.component != member.component and each.rank < 1 and member.rank < 1)
    ]


def _examine(live: DeployedGraph, members: Sequence[GraphPod], member: GraphPod) -> Examined:
    unseen: list[str] = []
    log: list[str] = []
    found: tuple[Port, ...] | str = "cannot be seen"
    reached: tuple[Reached, ...] = ()
    try:
        log = (live.cluster.logs(member.pod, member.pod.main.name, tail=LINES) or "").splitlines()
    except UnreachableError:
        raise
    except ClusterError as error:
        unseen.append(str(error))
    try:
        found = _ports(live, member)
        reached = tuple(_reached(live, member, peer) for peer in _targets(member, members))
    except ForbiddenError as error:
        unseen.append(str(error))
    told = tuple(masked(line) for line in complaints(log))
    return Examined(member, found, reached, told, transports(log), tuple(unseen))


def _ports(live: DeployedGraph, member: GraphPod) -> tuple[Port, ...] | str:
    try:
        return ports(live.cluster, member.pod)
    except (UnreachableError, ForbiddenError):
        raise
    except ClusterError as error:
        return str(error)


def _reached(live: DeployedGraph, source: GraphPod, target: GraphPod) -> Reached:
    try:
        holds, why = reaches(live.cluster, source.pod, target.pod)
    except (UnreachableError, ForbiddenError):
        raise
    except ClusterError as error:
        holds, why = False, str(error)
    return Reached(source.place, target.place, holds, why)


def findings(live: DeployedGraph, examined: list[Examined]) -> tuple[str, ...]:
    """Return what is wrong, each with a next step; empty if nothing is."""
    return tuple(line for each in examined for line in _findings(live, each))


def _findings(live: DeployedGraph, each: Examined) -> Iterator[str]:
    place, hardware = each.member.place, live.loaded.settings.hardware
    rdma = hardware.interconnect in (Interconnect.INFINIBAND, Interconnect.ROCE)
    role = live.role(each.member)
    needed = rdma and role is not None and role.pods > 1
    if isinstance(each.ports, str):
        if needed and not each.unseen:
            yield (
                f"{place}: {each.ports}. Its worker spans {role.pods if role else 0} nodes: the pod should have "
                f"{hardware.rdma_resource} (hardware.rdmaResource, and the RDMA device plugin on the node)."
            )
    else:
        down = [port for port in each.ports if not port.active]
        if down:
            names = ", ".join(f"{port.device} ({port.state}, {port.physical})" for port in down)
            node = each.member.pod.spec.node_name
            yield f"{place}: {names} not active on node {node}: cable, switch or subnet manager."
    for reached in each.reached:
        if not reached.holds:
            yield (
                f"{reached.source} cannot reach {reached.target}: {reached.why}. Check for a NetworkPolicy, a "
                "firewall between the nodes, or a node that is down (kubectl get nodes)."
            )
    if "Socket" in each.transports and needed:
        yield f"{place}: NCCL uses TCP instead of RDMA. Set hardware.rdmaResource, and NCCL_IB_HCA to its devices."
    for line in each.complaints:
        yield f"{place} says: {line}"
