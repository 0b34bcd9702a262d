"""GPUs of the catalog: what one reports as its memory, and how far its NVLink reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.settings.hardware import Gpu

__all__ = ["GPUS", "GpuSpec"]

GIB: Final = 2**30
_NODE: Final = 8
_RACK: Final = 72


@dataclass(frozen=True)
class GpuSpec:
    """One GPU. ``memory_bytes`` is what the driver reports in all, not the figure of the data sheet."""

    gpu: Gpu
    memory_bytes: int
    measured: bool
    """The memory was read from a GPU. False: published by somebody else."""
    source: str
    """Where the memory's figure comes from."""
    nvlink_domain: int
    """GPUs that reach each other over NVLink: of a node (8), or of a rack, where NVLink goes from node to node."""
    compute_capability: int
    """SM version: 90 is Hopper."""

    @property
    def memory_gb(self) -> float:
        """Decimal GB."""
        return self.memory_bytes / 1e9

    def nvlink_reach(self, gpus_per_node: int) -> int:
        """GPUs that reach each other over NVLink where a node has ``gpus_per_node``: a node's, or a rack's."""
        return self.nvlink_domain if self.nvlink_domain > _NODE else gpus_per_node


_H100_BYTES: Final = 85_017_493_504
_H200_BYTES: Final = 150_109_880_320
_DRIVER: Final = "total memory that driver 580 reports, read from the GPU"
_REPORTED: Final = "total memory that users' nvidia-smi reports, to a GiB"

_ROWS: Final = (
    GpuSpec(Gpu.A100_80, _H100_BYTES, False, "as H100-80: both report 79.1 GiB", _NODE, 80),
    GpuSpec(Gpu.H100_80, _H100_BYTES, True, _DRIVER, _NODE, 90),
    GpuSpec(Gpu.H200, _H200_BYTES, True, _DRIVER, _NODE, 90),
    GpuSpec(Gpu.B200, 178 * GIB, False, _REPORTED, _NODE, 100),
    GpuSpec(Gpu.GB200, 184 * GIB, False, _REPORTED, _RACK, 100),
    GpuSpec(Gpu.B300, 267 * GIB, False, _REPORTED, _NODE, 103),
    GpuSpec(Gpu.GB300, 279_000_000_000, False, "Google Cloud's A4X Max page: 279 GB a GPU", _RACK, 103),
)

GPUS: Final[Mapping[Gpu, GpuSpec]] = MappingProxyType({row.gpu: row for row in _ROWS})
