"""Nodes, and what keeps pods off them."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Model

__all__ = ["GPU", "Node", "Taint", "Toleration"]

GPU: Final = "nvidia.com/gpu"


class Taint(Model):
    """Keeps pods off a node that do not tolerate it."""

    key: str
    value: str = ""
    effect: str


class Toleration(Model):
    """A taint that a pod tolerates. Without a key: all."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class NodeSpec(Model):
    """Whether pods may come."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeInfo(Model):
    """What the kubelet says of its machine."""

    system_uuid: str = Field(default="", alias="systemUUID")
    """Of the hardware, by its firmware; another machine of the same name has another."""


class NodeStatus(Model):
    """What the node has for pods, as Kubernetes quantities, and how it is."""

    allocatable: dict[str, str] = Field(default_factory=dict[str, str])
    conditions: tuple[Condition, ...] = ()
    node_info: NodeInfo = NodeInfo()


class Node(KubeObject):
    """A machine of the cluster."""

    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def gpus(self) -> int:
        """GPUs that its device plugin offers, taken or not."""
        return int(self.status.allocatable.get(GPU, "0"))

    @property
    def ready(self) -> bool:
        """The kubelet answers."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)
