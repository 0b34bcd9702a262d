"""GPUs of the catalog: what one reports as its memory, and how far its NVLink reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.settings.hardware import Gpu

__all__ = ["GPUS", "GpuSpec"]

GIB: Final = 2**30


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
    """GPUs that reach each other over NVLink: those of a node, or of a rack."""

    @property
    def memory_gb(self) -> float:
        """Decimal GB."""
        return self.memory_bytes / 1e9


_H100_BYTES: Final = 85_017_493_504
_H200_BYTES: Final = 150_109_880_320
_DRIVER: Final = "nvidia-smi and cudaMemGetInfo with driver 580"
_REPORTED: Final = "memory that users' nvidia-smi reports, rounded to a GiB"

_ROWS: Final = (
    GpuSpec(Gpu.A100_80, _H100_BYTES, False, "as H100-80: both report 79.1 GiB", 8),
    GpuSpec(Gpu.H100_80, _H100_BYTES, True, _DRIVER, 8),
    GpuSpec(Gpu.H200, _H200_BYTES, True, _DRIVER, 8),
    GpuSpec(Gpu.B200, 178 * GIB, False, _REPORTED, 8),
    GpuSpec(Gpu.GB200, 184 * GIB, False, _REPORTED, 72),
    GpuSpec(Gpu.B300, 267 * GIB, False, _REPORTED, 8),
    GpuSpec(Gpu.GB300, 267 * GIB, False, "as B300", 72),
)

GPUS: Final[Mapping[Gpu, GpuSpec]] = MappingProxyType({row.gpu: row for row in _ROWS})
