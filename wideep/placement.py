"""The placement of attention groups, expert groups and redundant slots on each GPU of each pod and node.

It is the trivial expert location, before EPLB moves anything: slot i of a layer holds expert i % E, and the last R
slots are the redundant ones. Which pods share a node is only a preference for the scheduler, which may choose other
nodes; this placement follows the preference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wideep.catalog.gpus import gpu_spec
from wideep.parallelism import attention_tp, expert_slots_per_gpu, expert_tp
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.root import Settings

__all__ = ["GpuPlace", "NodePlace", "Placement", "PodPlace", "compute_placement"]


@dataclass(frozen=True)
class GpuPlace:
    """One GPU of a worker; it holds the same experts in every MoE layer."""

    rank: int
    """Index among all GPUs of the worker (SGLang's TP rank if there is one pipeline stage)."""
    stage: int
    """Index of the pipeline stage."""
    attention_group: int
    """DP rank, with its own requests and its own KV cache."""
    expert_shard: int
    """Which shard of each of the group's experts the GPU holds: 0 to tp / ep - 1; always 0 with DeepEP."""
    experts: tuple[int, ...]
    """Numbers of the experts in its first slots, which are all that a layer has without redundancy."""
    redundant: tuple[int, ...]
    """Numbers of the experts of which it holds an additional copy."""


@dataclass(frozen=True)
class PodPlace:
    """One pod of a worker."""

    role: Role
    worker: int
    """Index of the worker among the role's replicas."""
    pod: int
    """Index of the pod within the worker; pod 0 is the leader."""
    gpus: tuple[GpuPlace, ...]


@dataclass(frozen=True)
class NodePlace:
    """One node and the pods on it."""

    node: int
    nvlink_domain: int
    """Index of the NVLink domain; the nodes of one rack share a domain if NVLink connects nodes."""
    pods: tuple[PodPlace, ...]


@dataclass(frozen=True)
class Placement:
    """The placement of all pods on all nodes of the hardware."""

    nodes: tuple[NodePlace, ...]

    def domains(self, role: Role, worker: int) -> int:
        """Return the number of NVLink domains that one worker spans; with 1, its GPUs need no RDMA between them."""
        return len(
            {node.nvlink_domain for node in self.nodes for pod in node.pods if (pod.role, pod.worker) == (role, worker)}
        )


def compute_placement(settings: Settings) -> Placement:
    """Place all pods of a stack that passes ``wideep.rules.check``.

    Larger pods are placed first, each on the first node where it fits. Pods of one worker go to different nodes if all
    pods can be placed that way. Raises ValueError if the stack's pods do not fit its nodes.
    """
    roles = settings.layout.roles
    order = sorted(roles, key=lambda name: roles[name].gpus_per_node, reverse=True)
    pods = [(name, worker, pod) for name in order for worker, pod in _pods(roles[name])]
    sizes = [roles[name].gpus_per_node for name, _, _ in pods]
    workers = [(name, worker) for name, worker, _ in pods]
    hardware = settings.hardware
    nodes = _pack(sizes, workers, hardware, apart=True) or _pack(sizes, workers, hardware, apart=False)
    if nodes is None:
        raise ValueError("the pods do not fit the nodes")
    on: list[list[PodPlace]] = [[] for _ in range(hardware.nodes)]
    for (name, worker, pod), node in zip(pods, nodes, strict=True):
        on[node].append(PodPlace(name, worker, pod, tuple(_gpus(settings, roles[name], pod))))
    return Placement(tuple(_node(index, tuple(here), hardware) for index, here in enumerate(on)))


def _pods(role: RoleLayout) -> Iterator[tuple[int, int]]:
    return ((worker, pod) for worker in range(role.replicas) for pod in range(role.nodes))


def _pack(
    sizes: Sequence[int], workers: Sequence[tuple[Role, int]], hardware: Hardware, *, apart: bool
) -> list[int] | None:
    """Return the node index of each pod; None if a pod does not fit anywhere."""
    free = [hardware.gpus_per_node] * hardware.nodes
    taken: set[tuple[int, tuple[Role, int]]] = set()
    nodes: list[int] = []
    first = 0
    for size, worker in zip(sizes, workers, strict=True):
        while first < hardware.nodes and not free[first]:
            first += 1
        fitting = (n for n in range(first, hardware.nodes) if free[n] >= size and not (apart and (n, worker) in taken))
        node = next(fitting, None)
        if node is None:
            return None
        free[node] -= size
        taken.add((node, worker))
        nodes.append(node)
    return nodes


def _gpus(settings: Settings, role: RoleLayout, pod: int) -> Iterator[GpuPlace]:
    experts, slots = settings.model.experts, expert_slots_per_gpu(settings.model, role)
    for rank in range(pod * role.gpus_per_node, (pod + 1) * role.gpus_per_node):
        stage, shard = divmod(rank, role.tp)
        expert_group, expert_shard = divmod(shard, expert_tp(role))
        own = range(expert_group * slots, (expert_group + 1) * slots)
        yield GpuPlace(
            rank=rank,
            stage=stage,
            attention_group=shard // attention_tp(role),
            expert_shard=expert_shard,
            experts=tuple(slot for slot in own if slot < experts),
            redundant=tuple(slot % experts for slot in own if slot >= experts),
        )


def _node(index: int, pods: tuple[PodPlace, ...], hardware: Hardware) -> NodePlace:
    nodes_in_reach = max(1, gpu_spec(hardware.gpu).nvlink_reach(hardware.gpus_per_node) // hardware.gpus_per_node)
    return NodePlace(index, index // nodes_in_reach, pods)
