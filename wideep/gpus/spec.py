"""What is known of a GPU: its memory, its reach over NVLink, its peaks, and the names that others have for it."""

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
"""Taken on a worker of one GPU before anything is loaded: the CUDA context (0.61 GiB measured on H200 with driver 580)
and the first kernels' workspace (78.5 of 79.18 GiB were free in SGLang's log on one H100)."""
SEVERAL_GIB: Final = 2.6
"""The same on a worker of several GPUs, with NCCL's communicators: 0.61 + 0.93 for the world + 0.47 for each further
group, however many GPUs (measured on H200); SGLang's logs of 4 and 8 GPUs have 2.2 to 2.6 GiB."""


@dataclass(frozen=True)
class Peaks:
    """One GPU; decimal bytes or operations per second."""

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


@dataclass(frozen=True)
class FreeMemory:
    """Memory that SGLang found free before it loaded the weights, on one GPU of a worker of at most ``gpus`` GPUs."""

    gpus: int
    gib: float
    source: str


def free_before_load(total_bytes: int, logs: tuple[FreeMemory, ...], gpus: int) -> FreeMemory:
    """What is free on one GPU of a worker of ``gpus`` GPUs, of which ``memFractionStatic`` is the share.

    A log of the next larger worker counts for a smaller one, and the last for all larger ones: communicators take the
    same on any number of GPUs. Without logs, what is taken elsewhere is taken from the total.
    """
    if gpus > 1 and logs:
        return next((each for each in logs if gpus <= each.gpus), logs[-1])
    if gpus == 1 and logs and logs[0].gpus == 1:
        return logs[0]
    taken = ALONE_GIB if gpus == 1 else SEVERAL_GIB
    return FreeMemory(gpus, total_bytes / GIB - taken, f"estimated: {taken:g} GiB less than the GPU has")


@dataclass(frozen=True)
class GpuSpec:
    """One GPU. ``memory_bytes`` is what the driver reports in all, not the figure of the data sheet."""

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
    also: tuple[str, ...] = ()
    """How else people call it, in upper case without dashes; the first as unmistakably as by its name."""
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
        if self.nvlink_domain > NODE:
            return self.nvlink_domain
        return gpus_per_node if self.nvlink_domain == NODE else min(self.nvlink_domain, gpus_per_node)

    def is_product(self, label: str) -> bool:
        """Whether a node's label nvidia.com/gpu.product is this GPU's."""
        return self.label is None or re.search(self.label, label) is not None
