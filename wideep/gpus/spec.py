"""The description of a GPU: its memory, its NVLink reach, its peaks, and the names that others use for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["GIB", "MIB", "NODE", "RACK", "FreeMemory", "GpuSpec", "Peaks", "free_before_load"]

MIB: Final = 2**20
GIB: Final = 2**30
NODE: Final = 8
RACK: Final = 72
ALONE_GIB: Final = 0.68
"""GiB in use on a worker of one GPU before anything is loaded: the CUDA context (0.61 GiB measured on H200 with driver
580) and the first kernels' workspace (78.5 of 79.18 GiB were free in SGLang's log on one H100)."""
SEVERAL_GIB: Final = 2.6
"""The same on a worker of several GPUs, with NCCL's communicators: 0.61 + 0.93 for the world + 0.47 for each further
group, however many GPUs (measured on H200); SGLang's logs of 4 and 8 GPUs have 2.2 to 2.6 GiB."""


@dataclass(frozen=True)
class Peaks:
    """Peak rates of one GPU, in decimal bytes/s or operations/s."""

    hbm: float
    """Bytes/s read from its memory."""
    bf16: float
    """Dense tensor-core FLOP/s. Data sheets often print twice that, for sparse matrices."""
    fp8: float
    """Dense FP8 FLOP/s; the bf16 rate if the GPU has no FP8."""
    nvlink: float
    """Bytes/s sent over NVLink. Data sheets add up both directions."""
    rdma: float
    """Bytes/s sent by the network adapter that NVIDIA's own server has for each GPU."""
    source: str


@dataclass(frozen=True)
class FreeMemory:
    """Memory that SGLang found free before it loaded the weights, on one GPU of a worker of at most ``gpus`` GPUs."""

    gpus: int
    gib: float
    source: str


def free_before_load(total_bytes: int, logs: tuple[FreeMemory, ...], gpus: int) -> FreeMemory:
    """Return the free memory on one GPU of a worker of ``gpus`` GPUs, of which ``memFractionStatic`` is a share.

    The log of the next larger worker is used for a smaller one, and the last log for all larger ones: communicators
    take the same on any number of GPUs. Without logs, the amount in use on other GPUs is subtracted from the total.
    """
    if gpus > 1 and logs:
        return next((each for each in logs if gpus <= each.gpus), logs[-1])
    if gpus == 1 and logs and logs[0].gpus == 1:
        return logs[0]
    taken = ALONE_GIB if gpus == 1 else SEVERAL_GIB
    return FreeMemory(gpus, total_bytes / GIB - taken, f"estimated: {taken:g} GiB less than the GPU has")


@dataclass(frozen=True)
class GpuSpec:
    """One GPU. ``memory_bytes`` is the total that the driver reports, not the data sheet's figure."""

    memory_bytes: int
    measured: bool
    """Whether the memory was read from a GPU here. False: the figure was published by others."""
    source: str
    """The source of the memory's figure."""
    nvlink_domain: int
    """GPUs that reach each other over NVLink: those of a node (8), or of a rack if NVLink connects its nodes. 2: cards
    with a bridge; 1: no NVLink."""
    compute_capability: int
    """SM version: 90 is Hopper."""
    peaks: Peaks | None
    """None: not all of them are published."""
    product: str | None
    """The value that NVIDIA's GPU feature discovery writes to the label nvidia.com/gpu.product. None: not known."""
    label: str | None
    """A pattern for that label which tells this GPU from others. None: any label matches."""
    estimator: str | None = None
    """The name of the system in NVIDIA's AIConfigurator that was measured on this GPU. None: there is none."""
    also: tuple[str, ...] = ()
    """Other names that people use, in upper case without dashes; the first is as unambiguous as the GPU's own."""
    free: tuple[FreeMemory, ...] = ()
    """Free memory before weights are loaded, from logs, the smallest workers first. Empty: estimated from the total."""

    @property
    def memory_gb(self) -> float:
        """Memory in decimal GB."""
        return self.memory_bytes / 1e9

    def free_before_load(self, gpus: int) -> FreeMemory:
        """Return the free memory on one GPU of a worker of ``gpus`` GPUs after CUDA and NCCL have taken theirs."""
        return free_before_load(self.memory_bytes, self.free, gpus)

    def nvlink_reach(self, gpus_per_node: int) -> int:
        """Return how many GPUs reach each other over NVLink if a node has ``gpus_per_node``: a rack's, a node's, or
        fewer."""
        if self.nvlink_domain > NODE:
            return self.nvlink_domain
        return gpus_per_node if self.nvlink_domain == NODE else min(self.nvlink_domain, gpus_per_node)

    def is_product(self, label: str) -> bool:
        """Tell whether a node's label nvidia.com/gpu.product belongs to this GPU."""
        return self.label is None or re.search(self.label, label) is not None
