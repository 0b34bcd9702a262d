"""The GPU nodes from the point of view of a stack's pod: what is free there, or why it may not run there."""

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
"""A field selector for pods that occupy resources of a node."""
PRODUCT_LABEL: Final = "nvidia.com/gpu.product"
MEMORY_LABEL: Final = "nvidia.com/gpu.memory"
CLIQUE_LABEL: Final = "nvidia.com/gpu.clique"
"""The labels that NVIDIA's GPU feature discovery sets; this one names the NVLink domain of a rack."""
BLOCKING: Final = ("NoSchedule", "NoExecute")
SAID_OTHERWISE: Final = tuple(f"node.kubernetes.io/{word}" for word in ("unschedulable", "not-ready", "unreachable"))


@dataclass(frozen=True)
class GpuNode:
    """One node with GPUs. ``barred`` says why no pod of the stack may run there; empty if one may."""

    node: Node
    free: int
    """GPUs that are not taken, at most as many as there are free RDMA devices if the stack asks for them."""
    taken_by: tuple[str, ...]
    """Pods that hold GPUs, as ``namespace/pod (8)``, without the stack's own."""
    own: int
    """The number of GPUs that the stack's own graph holds."""
    barred: str

    @property
    def holders(self) -> tuple[str, ...]:
        """Who holds the GPUs, the stack's own graph first."""
        return (*((f"this stack's graph ({self.own})",) if self.own else ()), *self.taken_by)


def find_gpu_nodes(
    hardware: Hardware, nodes: Iterable[Node], pods: Iterable[Pod], graph: tuple[str, str], *, own_count: bool = True
) -> list[GpuNode]:
    """Return all nodes with GPUs, or with the product label, sorted by name. ``graph`` is the namespace and name of the
    stack's own graph. Without ``own_count``, the GPUs of its pods count as free."""
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
    """Return the first reason why the scheduler keeps the stack's pods off the node; empty if there is none."""
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
    """Return the taint as kubectl writes it: ``key=value:effect``."""
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def intolerable(node: Node, hardware: Hardware) -> Taint | None:
    """Return the first taint that the stack's workers do not tolerate; None if there is none. Taints that mark a node
    as cordoned or down are ignored, because those are reported separately."""
    for taint in node.spec.taints:
        counts = taint.effect in BLOCKING and taint.key not in SAID_OTHERWISE
        if counts and not any(_tolerates(toleration, taint) for toleration in hardware.tolerations):
            return taint
    return None


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    same = toleration.key == taint.key and toleration.effect in (None, taint.effect)
    return same and (toleration.operator == "Exists" or (toleration.value or "") == taint.value)


def product_matches(node: Node, gpu: GpuKind) -> bool | None:
    """Tell whether the node's product label is that of the GPU; None without a label."""
    product = node.labels.get(PRODUCT_LABEL)
    return gpu_spec(gpu).is_product(product) if product else None
