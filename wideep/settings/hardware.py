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
    """What a GPU can do at most, by its data sheet: dense, one direction. Only ``wideep advise`` asks for it."""

    memory_tb_per_second: Positive
    """TB read from its memory in a second."""
    bf16_tflops: Positive
    """Dense bf16 tensor-core TFLOPs."""
    fp8_tflops: Positive | None = None
    """Dense FP8 TFLOPs. None: it has no FP8."""
    nvlink_gb_per_second: Positive
    """GB sent over NVLink in a second."""
    rdma_gb_per_second: Positive
    """GB sent by its network adapter in a second: 50 for 400 Gb/s."""


class GpuShape(SettingsModel):
    """A GPU that the catalog does not have: NVIDIA's, for the images' engine is built for CUDA."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """How the plan calls it."""
    memory_gb: Annotated[float, Field(ge=1, le=10_000)]
    """Decimal GB that ``torch.cuda.get_device_properties(0).total_memory`` says, which is less than on the box."""
    compute_capability: Annotated[float, Field(ge=8.0, lt=20)]
    """As ``nvidia-smi --query-gpu=compute_cap --format=csv`` has it: 9.0 is Hopper. The plan knows kernels
    from 8.0 on."""
    nvlink_gpus: Annotated[int, Field(ge=1, le=576)]
    """GPUs that reach each other over NVLink, itself included: 8 in most nodes, 72 in an NVL72 rack, 2 with a bridge
    between cards, 1 without NVLink."""
    product: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """The nodes' label nvidia.com/gpu.product, which ``wideep doctor`` compares. None: it is not compared."""
    peaks: GpuPeaks | None = None
    """None: not known."""

    def __str__(self) -> str:
        return self.name


def _sort_of(gpu: object) -> str:
    return "GpuShape" if isinstance(gpu, dict | GpuShape) else "Gpu"


GpuKind = Gpu | GpuShape


class Interconnect(StrEnum):
    """What connects the nodes. Experts spread over several NVLink domains need one that does RDMA."""

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
    """How many nodes."""
    gpus_per_node: Annotated[int, Field(ge=1, le=72)]
    """GPUs of one node."""
    interconnect: Interconnect
    """What connects the nodes."""
    rdma_resource: ResourceName = "rdma/ib"
    """The device plugin's resource that a pod asks for to use RDMA."""
    node_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """Labels of the nodes that the workers may run on."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of those nodes that the workers tolerate."""
    price_per_gpu_hour: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """What one GPU costs in an hour, in whatever currency. With it `wideep plan`, `layouts` and `advise` say what the
    stack costs in an hour and a million output tokens. None: they say nothing of money. It changes nothing deployed."""

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return self.nodes * self.gpus_per_node
