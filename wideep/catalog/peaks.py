"""Peaks of the catalog's GPUs, as NVIDIA publishes them: dense, one direction, without overheads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["A100", "B200", "B300", "GB200", "GB300", "GH200", "H20", "H20_141", "H100", "H200", "H800", "Peaks"]


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
_H20: Final = "H20 data sheet, as its resellers print it; ConnectX-7, 400 Gb/s a GPU"
_HGX: Final = "HGX B200 and B300 data sheet; 1000 W"
_RACK: Final = "GB200 and GB300 NVL72 data sheets; 1200 W"

A100: Final = Peaks(2.039e12, 312e12, 312e12, 300e9, 25e9, "A100 data sheet; ConnectX-6, 200 Gb/s a GPU (DGX A100)")
H100: Final = Peaks(3.35e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER)
H800: Final = Peaks(
    3.35e12, 989.5e12, 1979e12, 200e9, 50e9, f"{_HOPPER}; of NVLink's 18 links 8 (sgl-project/sglang#2889)"
)
H200: Final = Peaks(4.8e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER)
H20: Final = Peaks(4.0e12, 148e12, 296e12, 450e9, 50e9, _H20)
H20_141: Final = Peaks(4.8e12, 148e12, 296e12, 450e9, 50e9, f"{_H20}; its memory is the H200's")
GH200: Final = Peaks(4.0e12, 989.5e12, 1979e12, 450e9, 50e9, "GH200 data sheet, 96 GB; ConnectX-7, 400 Gb/s a GPU")
B200: Final = Peaks(8e12, 2250e12, 4500e12, 900e9, 50e9, f"{_HGX}; ConnectX-7, 400 Gb/s a GPU")
GB200: Final = Peaks(8e12, 2500e12, 5000e12, 900e9, 50e9, f"{_RACK}; ConnectX-7, 400 Gb/s a GPU")
B300: Final = Peaks(8e12, 2250e12, 4500e12, 900e9, 100e9, f"{_HGX}; ConnectX-8, 800 Gb/s a GPU")
GB300: Final = Peaks(8e12, 2500e12, 5000e12, 900e9, 100e9, f"{_RACK}; ConnectX-8, 800 Gb/s a GPU")
