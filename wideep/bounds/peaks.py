"""Peaks of the catalog's GPUs, as NVIDIA publishes them: dense, one direction, without overheads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.settings.hardware import Gpu

__all__ = ["PEAKS", "Peaks"]


@dataclass(frozen=True)
class Peaks:
    """One GPU; decimal bytes or operations a second."""

    hbm: float
    """Bytes read from its memory."""
    bf16: float
    """Dense tensor-core FLOPs. Data sheets often print twice that, for sparse matrices."""
    fp8: float
    """Dense FP8 FLOPs; where the GPU has none, those of bf16."""
    nvlink: float
    """Bytes sent over NVLink. Data sheets add up both directions."""
    rdma: float
    """Bytes sent by the network adapter that NVIDIA's own server has for each GPU."""
    source: str


_HOPPER: Final = "H100 and H200 data sheets; ConnectX-7, 400 Gb/s a GPU (DGX H100)"
_HGX: Final = "HGX B200 and B300 data sheet; 1000 W"
_RACK: Final = "GB200 and GB300 NVL72 data sheets; 1200 W"

PEAKS: Final[Mapping[Gpu, Peaks]] = MappingProxyType(
    {
        Gpu.A100_80: Peaks(
            2.039e12, 312e12, 312e12, 300e9, 25e9, "A100 data sheet; ConnectX-6, 200 Gb/s a GPU (DGX A100)"
        ),
        Gpu.H100_80: Peaks(3.35e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER),
        Gpu.H200: Peaks(4.8e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER),
        Gpu.B200: Peaks(8e12, 2250e12, 4500e12, 900e9, 50e9, f"{_HGX}; ConnectX-7, 400 Gb/s a GPU"),
        Gpu.GB200: Peaks(8e12, 2500e12, 5000e12, 900e9, 50e9, f"{_RACK}; ConnectX-7, 400 Gb/s a GPU"),
        Gpu.B300: Peaks(8e12, 2250e12, 4500e12, 900e9, 100e9, f"{_HGX}; ConnectX-8, 800 Gb/s a GPU"),
        Gpu.GB300: Peaks(8e12, 2500e12, 5000e12, 900e9, 100e9, f"{_RACK}; ConnectX-8, 800 Gb/s a GPU"),
    }
)
