"""GPUs of the catalog, one row each: memory, NVLink's reach, peaks, and the names that others have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.catalog import free_memory, peaks
from wideep.catalog.free_memory import GIB, FreeMemory, free_before_load
from wideep.catalog.peaks import Peaks
from wideep.settings.hardware import Gpu, GpuKind, GpuShape

__all__ = ["GPUS", "GpuSpec", "gpu_spec"]

MIB: Final = 2**20
_NODE: Final = 8
_RACK: Final = 72


@dataclass(frozen=True)
class GpuSpec:
    """One GPU. ``memory_bytes`` is what the driver reports in all, not the figure of the data sheet."""

    gpu: GpuKind
    memory_bytes: int
    measured: bool
    """The memory was read from a GPU. False: published by somebody else."""
    source: str
    """Where the memory's figure comes from."""
    nvlink_domain: int
    """GPUs that reach each other over NVLink: of a node (8), or of a rack, where it goes from node to node. 2: cards
    with a bridge; 1: there is none."""
    compute_capability: int
    """SM version: 90 is Hopper."""
    peaks: Peaks | None
    """None: nobody publishes them all."""
    product: str | None
    """What NVIDIA's GPU feature discovery writes in the label nvidia.com/gpu.product. None: not known."""
    label: str | None
    """A pattern of that label which tells it from the other GPUs. None: any label will do."""
    estimator: str | None = None
    """The system of NVIDIA's AIConfigurator that was measured on it. None: there is none."""
    free: tuple[FreeMemory, ...] = ()
    """What logs say is free before weights are loaded, the smallest workers first. Empty: estimated from the total."""

    @property
    def memory_gb(self) -> float:
        """Decimal GB."""
        return self.memory_bytes / 1e9

    def free_before_load(self, gpus: int) -> FreeMemory:
        """What is free on one GPU of a worker of ``gpus`` GPUs when CUDA and NCCL have theirs."""
        return free_before_load(self.memory_bytes, self.free, gpus)

    def nvlink_reach(self, gpus_per_node: int) -> int:
        """GPUs that reach each other over NVLink where a node has ``gpus_per_node``: a rack's, a node's, or fewer."""
        if self.nvlink_domain > _NODE:
            return self.nvlink_domain
        return gpus_per_node if self.nvlink_domain == _NODE else min(self.nvlink_domain, gpus_per_node)

    def is_product(self, label: str) -> bool:
        """Whether a node's label nvidia.com/gpu.product is this GPU's."""
        return self.label is None or re.search(self.label, label) is not None


_H100_BYTES: Final = 85_017_493_504
_H200_BYTES: Final = 150_109_880_320
_DRIVER: Final = "total memory that driver 580 reports, read from the GPU"
_REPORTED: Final = "total memory that users' nvidia-smi reports, to a GiB"
_RESERVED: Final = 615 * MIB
"""Of the total in nvidia-smi's table, what no program gets: on an H200 143,771 MiB there, and 143,156 in CUDA."""
_SMI: Final = "total of users' nvidia-smi, without the 615 MiB that the driver keeps of an H200's"

_ROWS: Final = (
    GpuSpec(
        Gpu.A100_80,
        _H100_BYTES,
        measured=False,
        source="as H100-80: both report 79.1 GiB",
        nvlink_domain=_NODE,
        compute_capability=80,
        peaks=peaks.A100,
        product="NVIDIA-A100-SXM4-80GB",
        label=r"A100.*80GB",
        estimator="a100_sxm",
    ),
    GpuSpec(
        Gpu.H100_80,
        _H100_BYTES,
        measured=True,
        source=_DRIVER,
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.H100,
        product="NVIDIA-H100-80GB-HBM3",
        label=r"H100-80GB",
        estimator="h100_sxm",
        free=free_memory.H100,
    ),
    GpuSpec(
        Gpu.H100_NVL,
        99_961_274_368,
        measured=False,
        source="total memory in fastfetch-cli/fastfetch#1658",
        nvlink_domain=2,
        compute_capability=90,
        peaks=None,
        product="NVIDIA-H100-NVL",
        label=r"H100-NVL",
    ),
    GpuSpec(
        Gpu.H800,
        _H100_BYTES,
        measured=False,
        source="as H100-80, whose memory it has",
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.H800,
        product="NVIDIA-H800",
        label=r"\bH800\b(?!-PCIe)",
        free=free_memory.H100,
    ),
    GpuSpec(
        Gpu.H20,
        97_871 * MIB - _RESERVED,
        measured=False,
        source=f"{_SMI}: 97,871 MiB",
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.H20,
        product="NVIDIA-H20",
        label=r"\bH20\b(?!-3e)",
    ),
    GpuSpec(
        Gpu.H20_141,
        _H200_BYTES,
        measured=False,
        source="as H200: both report 143,771 MiB in nvidia-smi (sgl-project/sglang#6418, #3196)",
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.H20_141,
        product="NVIDIA-H20-3e",
        label=r"\bH20-3e\b",
        free=free_memory.H200,
    ),
    GpuSpec(
        Gpu.H200,
        _H200_BYTES,
        measured=True,
        source=_DRIVER,
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.H200,
        product="NVIDIA-H200",
        label=r"\bH200\b(?!-NVL)",
        estimator="h200_sxm",
        free=free_memory.H200,
    ),
    GpuSpec(
        Gpu.GH200,
        97_871 * MIB - _RESERVED,
        measured=False,
        source=f"{_SMI}: 97,871 MiB, on nodes of one and of four",
        nvlink_domain=_NODE,
        compute_capability=90,
        peaks=peaks.GH200,
        product="NVIDIA-GH200-480GB",
        label=r"\bGH200\b.*-(480|120)GB",
    ),
    GpuSpec(
        Gpu.L40S,
        46_068 * MIB - _RESERVED,
        measured=False,
        source=f"{_SMI}: 46,068 MiB (modal-labs/modal-client#2797)",
        nvlink_domain=1,
        compute_capability=89,
        peaks=None,
        product="NVIDIA-L40S",
        label=r"\bL40S\b",
    ),
    GpuSpec(
        Gpu.B200,
        178 * GIB,
        measured=False,
        source=_REPORTED,
        nvlink_domain=_NODE,
        compute_capability=100,
        peaks=peaks.B200,
        product="NVIDIA-B200",
        label=r"\bB200\b",
        estimator="b200_sxm",
        free=free_memory.B200,
    ),
    GpuSpec(
        Gpu.GB200,
        184 * GIB,
        measured=False,
        source=_REPORTED,
        nvlink_domain=_RACK,
        compute_capability=100,
        peaks=peaks.GB200,
        product="NVIDIA-GB200",
        label=r"\bGB200\b",
        estimator="gb200",
        free=free_memory.GB200,
    ),
    GpuSpec(
        Gpu.B300,
        267 * GIB,
        measured=False,
        source=_REPORTED,
        nvlink_domain=_NODE,
        compute_capability=103,
        peaks=peaks.B300,
        product="NVIDIA-B300-SXM6-AC",
        label=r"\bB300\b",
        estimator="b300_sxm",
    ),
    GpuSpec(
        Gpu.GB300,
        279_000_000_000,
        measured=False,
        source="Google Cloud's A4X Max page: 279 GB a GPU",
        nvlink_domain=_RACK,
        compute_capability=103,
        peaks=peaks.GB300,
        product="NVIDIA-GB300",
        label=r"\bGB300\b",
        estimator="gb300",
    ),
)

GPUS: Final[Mapping[Gpu, GpuSpec]] = MappingProxyType({row.gpu: row for row in _ROWS if isinstance(row.gpu, Gpu)})


def gpu_spec(gpu: GpuKind) -> GpuSpec:
    """The catalog's row, or one that is made of a GPU that the stack describes."""
    return _described(gpu) if isinstance(gpu, GpuShape) else GPUS[gpu]


def _described(gpu: GpuShape) -> GpuSpec:
    own = gpu.peaks
    given = own and Peaks(
        own.memory_tb_per_second * 1e12,
        own.bf16_tflops * 1e12,
        (own.fp8_tflops or own.bf16_tflops) * 1e12,
        own.nvlink_gb_per_second * 1e9,
        own.rdma_gb_per_second * 1e9,
        "the stack's own",
    )
    return GpuSpec(
        gpu,
        round(gpu.memory_gb * 1e9),
        measured=False,
        source="the stack's own",
        nvlink_domain=gpu.nvlink_gpus,
        compute_capability=round(gpu.compute_capability * 10),
        peaks=given,
        product=gpu.product,
        label=gpu.product and rf"^{re.escape(gpu.product)}(-|$)",
    )
