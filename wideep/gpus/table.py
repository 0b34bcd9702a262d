"""GPUs of the catalog, one row each. Peaks are NVIDIA's: dense, one direction, without overheads."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self

from wideep.gpus.spec import GIB, MIB, NODE, RACK, FreeMemory, GpuSpec, Peaks

__all__ = ["Gpu"]

_H100_BYTES: Final = 85_017_493_504
_H200_BYTES: Final = 150_109_880_320
_DRIVER: Final = "total memory that driver 580 reports, read from the GPU"
_REPORTED: Final = "total memory that users' nvidia-smi reports, to a GiB"
_RESERVED: Final = 615 * MIB
"""Part of the total in nvidia-smi's table that no program gets: an H200 has 143,771 MiB there, and 143,156 in CUDA."""
_SMI: Final = "total of users' nvidia-smi, without the 615 MiB that the driver keeps of an H200's"
_HOPPER: Final = "H100 and H200 data sheets; ConnectX-7, 400 Gb/s per GPU (DGX H100)"
_H20: Final = "H20 data sheet, as its resellers print it; ConnectX-7, 400 Gb/s per GPU"
_HGX: Final = "HGX B200 and B300 data sheet; 1000 W"
_RACK: Final = "GB200 and GB300 NVL72 data sheets; 1200 W"
_LOG: Final = "SGLang's log"
_FREE_H100: Final = (
    FreeMemory(1, 78.5, f"{_LOG} on one GPU (sgl-project/sglang#18263)"),
    FreeMemory(4, 77.0, f"{_LOG} at TP4 (vllm-project/vllm#21348)"),
    FreeMemory(8, 76.8, f"{_LOG} on 8 GPUs"),
)
_FREE_H200: Final = (
    FreeMemory(8, 137.29, f"{_LOG} on 8 GPUs (sgl-project/sglang#6017), the least of 137.29 to 137.52"),
)


class Gpu(StrEnum):
    """A GPU of the catalog."""

    spec: GpuSpec

    def __new__(cls, name: str, spec: GpuSpec) -> Self:
        gpu = str.__new__(cls, name)
        gpu._value_ = name
        gpu.spec = spec
        return gpu

    A100_80 = (
        "A100-80",
        GpuSpec(
            _H100_BYTES,
            measured=False,
            source="as H100-80: both report 79.1 GiB",
            nvlink_domain=NODE,
            compute_capability=80,
            peaks=Peaks(
                2.039e12, 312e12, 312e12, 300e9, 25e9, "A100 data sheet; ConnectX-6, 200 Gb/s per GPU (DGX A100)"
            ),
            product="NVIDIA-A100-SXM4-80GB",
            label=r"A100.*80GB",
            also=("A100", "A10080"),
            estimator="a100_sxm",
        ),
    )
    H100_80 = (
        "H100-80",
        GpuSpec(
            _H100_BYTES,
            measured=True,
            source=_DRIVER,
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(3.35e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER),
            product="NVIDIA-H100-80GB-HBM3",
            label=r"H100-80GB",
            also=("H100", "H10080"),
            estimator="h100_sxm",
            free=_FREE_H100,
        ),
    )
    H100_NVL = (
        "H100-NVL",
        GpuSpec(
            99_961_274_368,
            measured=False,
            source="total memory in fastfetch-cli/fastfetch#1658",
            nvlink_domain=2,
            compute_capability=90,
            peaks=None,
            product="NVIDIA-H100-NVL",
            label=r"H100-NVL",
            also=("H100NVL", "H10094", "H100NVL94", "H100"),
        ),
    )
    H800 = (
        "H800",
        GpuSpec(
            _H100_BYTES,
            measured=False,
            source="as H100-80, whose memory it has",
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(
                3.35e12, 989.5e12, 1979e12, 200e9, 50e9, f"{_HOPPER}; of NVLink's 18 links 8 (sgl-project/sglang#2889)"
            ),
            product="NVIDIA-H800",
            label=r"\bH800\b(?!-PCIe)",
            also=("H800", "H80080"),
            free=_FREE_H100,
        ),
    )
    H20 = (
        "H20",
        GpuSpec(
            97_871 * MIB - _RESERVED,
            measured=False,
            source=f"{_SMI}: 97,871 MiB",
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(4.0e12, 148e12, 296e12, 450e9, 50e9, _H20),
            product="NVIDIA-H20",
            label=r"\bH20\b(?!-3e)",
            also=("H20", "H2096"),
        ),
    )
    H20_141 = (
        "H20-141",
        GpuSpec(
            _H200_BYTES,
            measured=False,
            source="as H200: both report 143,771 MiB in nvidia-smi (sgl-project/sglang#6418, #3196)",
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(4.8e12, 148e12, 296e12, 450e9, 50e9, f"{_H20}; its memory is the H200's"),
            product="NVIDIA-H20-3e",
            label=r"\bH20-3e\b",
            also=("H20141", "H203E", "H20"),
            free=_FREE_H200,
        ),
    )
    H200 = (
        "H200",
        GpuSpec(
            _H200_BYTES,
            measured=True,
            source=_DRIVER,
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(4.8e12, 989.5e12, 1979e12, 450e9, 50e9, _HOPPER),
            product="NVIDIA-H200",
            label=r"\bH200\b(?!-NVL)",
            also=("H200", "H200141"),
            estimator="h200_sxm",
            free=_FREE_H200,
        ),
    )
    GH200 = (
        "GH200",
        GpuSpec(
            97_871 * MIB - _RESERVED,
            measured=False,
            source=f"{_SMI}: 97,871 MiB, on nodes of one and of four",
            nvlink_domain=NODE,
            compute_capability=90,
            peaks=Peaks(
                4.0e12, 989.5e12, 1979e12, 450e9, 50e9, "GH200 data sheet, 96 GB; ConnectX-7, 400 Gb/s per GPU"
            ),
            product="NVIDIA-GH200-480GB",
            label=r"\bGH200\b.*-(480|120)GB",
            also=("GH200", "GH20096", "GH200480", "GH200120"),
        ),
    )
    L40S = (
        "L40S",
        GpuSpec(
            46_068 * MIB - _RESERVED,
            measured=False,
            source=f"{_SMI}: 46,068 MiB (modal-labs/modal-client#2797)",
            nvlink_domain=1,
            compute_capability=89,
            peaks=None,
            product="NVIDIA-L40S",
            label=r"\bL40S\b",
            also=("L40S", "L40S48"),
        ),
    )
    B200 = (
        "B200",
        GpuSpec(
            178 * GIB,
            measured=False,
            source=_REPORTED,
            nvlink_domain=NODE,
            compute_capability=100,
            peaks=Peaks(8e12, 2250e12, 4500e12, 900e9, 50e9, f"{_HGX}; ConnectX-7, 400 Gb/s per GPU"),
            product="NVIDIA-B200",
            label=r"\bB200\b",
            also=("B200", "B200180", "B200192"),
            estimator="b200_sxm",
            free=(FreeMemory(8, 175.3, f"{_LOG} on 8 GPUs"),),
        ),
    )
    GB200 = (
        "GB200",
        GpuSpec(
            184 * GIB,
            measured=False,
            source=_REPORTED,
            nvlink_domain=RACK,
            compute_capability=100,
            peaks=Peaks(8e12, 2500e12, 5000e12, 900e9, 50e9, f"{_RACK}; ConnectX-7, 400 Gb/s per GPU"),
            product="NVIDIA-GB200",
            label=r"\bGB200\b",
            also=("GB200", "GB200NVL72", "GB200NVL36"),
            estimator="gb200",
            free=(FreeMemory(4, 174.8, f"{_LOG}; another has 182.2, and they do not say why: the less counts"),),
        ),
    )
    B300 = (
        "B300",
        GpuSpec(
            267 * GIB,
            measured=False,
            source=_REPORTED,
            nvlink_domain=NODE,
            compute_capability=103,
            peaks=Peaks(8e12, 2250e12, 4500e12, 900e9, 100e9, f"{_HGX}; ConnectX-8, 800 Gb/s per GPU"),
            product="NVIDIA-B300-SXM6-AC",
            label=r"\bB300\b",
            also=("B300", "B300288", "B300AC"),
            estimator="b300_sxm",
        ),
    )
    GB300 = (
        "GB300",
        GpuSpec(
            279_000_000_000,
            measured=False,
            source="Google Cloud's A4X Max page: 279 GB per GPU",
            nvlink_domain=RACK,
            compute_capability=103,
            peaks=Peaks(8e12, 2500e12, 5000e12, 900e9, 100e9, f"{_RACK}; ConnectX-8, 800 Gb/s per GPU"),
            product="NVIDIA-GB300",
            label=r"\bGB300\b",
            also=("GB300", "GB300NVL72"),
            estimator="gb300",
        ),
    )
