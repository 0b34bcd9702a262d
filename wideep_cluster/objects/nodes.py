"""Nodes, and what keeps pods off them."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Model

__all__ = ["GPU", "Node", "Taint", "Toleration"]

GPU: Final = "nvidia.com/gpu"


class Taint(Model):
    """A taint: keeps pods that do not tolerate it off a node."""

    key: str
    value: str = ""
    effect: str


class Toleration(Model):
    """A taint that a pod tolerates. Without a key it tolerates all taints."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class NodeSpec(Model):
    """Whether pods may be scheduled on a node."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeInfo(Model):
    """What the kubelet reports about its machine."""

    system_uuid: str = Field(default="", alias="systemUUID")
    """The hardware's UUID, from its firmware. Another machine with the same node name has another UUID."""


class NodeStatus(Model):
    """The resources that a node has for pods, as Kubernetes quantities, and its conditions."""

    allocatable: dict[str, str] = Field(default_factory=dict[str, str])
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(KubeObject):
    """A node of the cluster."""

    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def gpus(self) -> int:
        """The number of GPUs that its device plugin offers, taken or not."""
        return int(self.status.allocatable.get(GPU, "0"))

    @property
    def ready(self) -> bool:
        """Whether the node's condition Ready is true."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)
