"""``hardware``: the GPU nodes that a stack may use."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from wideep.gpus import Gpu
from wideep.settings.base import SettingsModel
from wideep.settings.grammar import LabelKey, LabelValue, ResourceName

__all__ = ["Gpu", "GpuKind", "GpuPeaks", "GpuShape", "Hardware", "Interconnect", "Toleration"]

Positive = Annotated[float, Field(gt=0)]


class GpuPeaks(SettingsModel):
    """A GPU's peak rates by its data sheet: dense, one direction. Only ``wideep advise`` needs them."""

    memory_tb_per_second: Positive
    """Memory bandwidth in TB/s (decimal)."""
    bf16_tflops: Positive
    """Dense bf16 tensor-core TFLOPs."""
    fp8_tflops: Positive | None = None
    """Dense FP8 TFLOPs. None: the GPU has no FP8."""
    nvlink_gb_per_second: Positive
    """GB/s that the GPU sends over NVLink."""
    rdma_gb_per_second: Positive
    """GB/s that its network adapter sends: 50 for 400 Gb/s."""


class GpuShape(SettingsModel):
    """An NVIDIA GPU that the catalog does not have. Other makers' GPUs do not work: the images' engine is built for
    CUDA."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """The GPU's name in the plan."""
    memory_gb: Annotated[float, Field(ge=1, le=10_000)]
    """Decimal GB as reported by ``torch.cuda.get_device_properties(0).total_memory``, which is less than on the box."""
    compute_capability: Annotated[float, Field(ge=8.0, lt=20)]
    """As ``nvidia-smi --query-gpu=compute_cap --format=csv`` reports it: 9.0 is Hopper. The plan knows kernels from 8.0
    on."""
    nvlink_gpus: Annotated[int, Field(ge=1, le=576)]
    """GPUs that reach each other over NVLink, including this one: 8 in most nodes, 72 in an NVL72 rack, 2 with a bridge
    between cards, 1 without NVLink."""
    product: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """The nodes' label nvidia.com/gpu.product, which ``wideep doctor`` compares. None: it is not compared."""
    peaks: GpuPeaks | None = None
    """The GPU's peak rates. None: not known."""

    def __str__(self) -> str:
        return self.name


def _sort_of(gpu: object) -> str:
    return "GpuShape" if isinstance(gpu, dict | GpuShape) else "Gpu"


GpuKind = Gpu | GpuShape


class Interconnect(StrEnum):
    """What connects the nodes. Experts spread over several NVLink domains need one with RDMA."""

    INFINIBAND = "infiniband"
    ROCE = "roce"
    NVLINK = "nvlink"
    ETHERNET = "ethernet"


class Toleration(SettingsModel):
    """A taint that the workers tolerate, as in a pod spec."""

    key: LabelKey
    """The taint's key."""
    operator: Annotated[str, Field(pattern="^(Exists|Equal)$")] = "Exists"
    """``Exists`` or ``Equal``."""
    value: LabelValue | None = None
    """The taint's value, for ``Equal``."""
    effect: Annotated[str, Field(pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")] | None = None
    """``NoSchedule``, ``PreferNoSchedule`` or ``NoExecute``. None: every effect."""


class Hardware(SettingsModel):
    """The GPU nodes that the stack may use, all alike."""

    gpu: Annotated[
        Annotated[Gpu, Tag("Gpu")] | Annotated[GpuShape, Tag("GpuShape")],
        Discriminator(_sort_of),
    ]
    """The GPU of all nodes: a name of the catalog, or an object that describes one."""
    nodes: Annotated[int, Field(ge=1, le=4096)]
    """Number of nodes."""
    gpus_per_node: Annotated[int, Field(ge=1, le=72)]
    """GPUs per node."""
    interconnect: Interconnect
    """What connects the nodes."""
    rdma_resource: ResourceName = "rdma/ib"
    """The device plugin's resource that a pod requests in order to use RDMA."""
    node_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """Labels of the nodes that the workers may run on."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of those nodes that the workers tolerate."""
    price_per_gpu_hour: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """Price of one GPU per hour, in any currency. With it `wideep plan`, `layouts` and `advise` say what the stack
    costs per hour and per million output tokens. None: they say nothing about cost. It changes nothing that is
    deployed."""

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return self.nodes * self.gpus_per_node
