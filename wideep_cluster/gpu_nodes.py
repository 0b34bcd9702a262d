"""The GPU nodes as a pod of a stack sees them: what is free there, or why it may not go there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wideep.catalog import gpu_spec
from wideep.rdma import uses_rdma
from wideep.settings.hardware import GpuKind, Hardware, Toleration
from wideep.text import some_of
from wideep_cluster.objects import GPU, Node, Pod, Taint

__all__ = [
    "CLIQUE_LABEL",
    "HOLDS_A_NODE",
    "MEMORY_LABEL",
    "PRODUCT_LABEL",
    "GpuNode",
    "find_gpu_nodes",
    "intolerable",
    "product_matches",
    "shown_taint",
]

HOLDS_A_NODE: Final = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
"""A field selector: pods that have a part of a node."""
PRODUCT_LABEL: Final = "nvidia.com/gpu.product"
MEMORY_LABEL: Final = "nvidia.com/gpu.memory"
CLIQUE_LABEL: Final = "nvidia.com/gpu.clique"
"""Labels that NVIDIA's GPU feature discovery writes; the last names a rack's NVLink domain."""
BLOCKING: Final = ("NoSchedule", "NoExecute")
SAID_OTHERWISE: Final = tuple(f"node.kubernetes.io/{word}" for word in ("unschedulable", "not-ready", "unreachable"))


@dataclass(frozen=True)
class GpuNode:
    """One node with GPUs. ``barred`` says why no pod of the stack may go there; empty where one may."""

    node: Node
    free: int
    """GPUs that nobody has, with as many RDMA devices where the stack asks for them."""
    taken_by: tuple[str, ...]
    """``namespace/pod (8)``, without the stack's own."""
    own: int
    """GPUs that the stack's own graph has."""
    barred: str

    @property
    def holders(self) -> tuple[str, ...]:
        """Who has its GPUs, the stack's own first."""
        return (*((f"this stack's graph ({self.own})",) if self.own else ()), *self.taken_by)


def find_gpu_nodes(
    hardware: Hardware, nodes: Iterable[Node], pods: Iterable[Pod], graph: tuple[str, str], *, own_count: bool = True
) -> list[GpuNode]:
    """Return all nodes with GPUs, or with the product label, by name. ``graph``: namespace and name of the stack's own;
    ``own_count``: its pods keep their GPUs; else these count as free."""
    holders: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.gpus and (own_count or not _is_of(pod, graph)):
            holders[pod.spec.node_name].append(pod)
    found = [node for node in nodes if node.gpus or PRODUCT_LABEL in node.labels]
    return [_gpu_node(hardware, node, holders[node.name], graph) for node in sorted(found, key=lambda node: node.name)]


def _is_of(pod: Pod, graph: tuple[str, str]) -> bool:
    return (pod.namespace, pod.graph) == graph


def _gpu_node(hardware: Hardware, node: Node, holders: list[Pod], graph: tuple[str, str]) -> GpuNode:
    free = node.gpus - sum(pod.gpus for pod in holders)
    if uses_rdma(hardware):
        resource = hardware.rdma_resource
        devices = int(node.status.allocatable.get(resource, "0"))
        free = min(free, devices - sum(pod.asks(resource) for pod in holders))
    others = tuple(f"{pod.namespace}/{pod.name} ({pod.gpus})" for pod in holders if not _is_of(pod, graph))
    own = sum(pod.gpus for pod in holders if _is_of(pod, graph))
    return GpuNode(node, max(0, free), others, own, _bar(node, hardware))


def _bar(node: Node, hardware: Hardware) -> str:
    """The first reason why the scheduler keeps the stack's pods away."""
    taint = intolerable(node, hardware)
    missing = [f"{key}={value}" for key, value in hardware.node_selector.items() if node.labels.get(key) != value]
    rdma = hardware.rdma_resource if uses_rdma(hardware) else GPU
    reasons = (
        ("not ready", not node.ready),
        ("cordoned", node.spec.unschedulable),
        (f"taint {shown_taint(taint)}" if taint else "", bool(taint)),
        (f"without label {some_of(missing, 1)}", bool(missing)),
        (f"offers no {GPU}", not node.gpus),
        (f"offers no {rdma}", not int(node.status.allocatable.get(rdma, "0"))),
    )
    return next((reason for reason, applies in reasons if applies), "")


def shown_taint(taint: Taint) -> str:
    """As kubectl writes it: ``key=value:effect``."""
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def intolerable(node: Node, hardware: Hardware) -> Taint | None:
    """The first taint that the stack's workers do not tolerate, without those that cordon a node or say it is down."""
    for taint in node.spec.taints:
        counts = taint.effect in BLOCKING and taint.key not in SAID_OTHERWISE
        if counts and not any(_tolerates(toleration, taint) for toleration in hardware.tolerations):
            return taint
    return None


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    same = toleration.key == taint.key and toleration.effect in (None, taint.effect)
    return same and (toleration.operator == "Exists" or (toleration.value or "") == taint.value)


def product_matches(node: Node, gpu: GpuKind) -> bool | None:
    """Whether the node's product label is that of the GPU; None without a label."""
    product = node.labels.get(PRODUCT_LABEL)
    return gpu_spec(gpu).is_product(product) if product else None
