"""``hardware``: the GPU nodes that a stack may use."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["Gpu", "Hardware", "Interconnect", "Toleration"]


class Gpu(StrEnum):
    """A GPU of the catalog (``wideep.catalog.gpus`` has its numbers)."""

    A100_80 = "A100-80"
    H100_80 = "H100-80"
    H200 = "H200"
    B200 = "B200"
    GB200 = "GB200"
    B300 = "B300"
    GB300 = "GB300"


class Interconnect(StrEnum):
    """What connects the nodes. Experts spread over several NVLink domains need one that does RDMA."""

    INFINIBAND = "infiniband"
    ROCE = "roce"
    NVLINK = "nvlink"
    ETHERNET = "ethernet"


class Toleration(SettingsModel):
    """A taint that the workers tolerate, as in a pod spec."""

    key: str
    """The taint's key."""
    operator: str = "Exists"
    """``Exists`` or ``Equal``."""
    value: str | None = None
    """The taint's value, for ``Equal``."""
    effect: str | None = None
    """None: every effect."""


class Hardware(SettingsModel):
    """The GPU nodes that the stack may use, all alike."""

    gpu: Gpu
    """The GPU of all nodes."""
    nodes: Annotated[int, Field(ge=1, le=4096)]
    """How many nodes."""
    gpus_per_node: Annotated[int, Field(ge=1, le=72)]
    """GPUs of one node."""
    interconnect: Interconnect
    """What connects the nodes."""
    rdma_resource: str = "rdma/ib"
    """The device plugin's resource that a pod asks for to use RDMA."""
    node_selector: dict[str, str] = Field(default_factory=dict[str, str])
    """Labels of the nodes that the workers may run on."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of those nodes that the workers tolerate."""

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return self.nodes * self.gpus_per_node
