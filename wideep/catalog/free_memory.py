"""Memory that is free on a GPU when the engine takes its share: the GPU's without CUDA's context and NCCL's buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["B200", "GB200", "GIB", "H100", "H200", "FreeMemory", "free_before_load"]

GIB: Final = 2**30
ALONE_GIB: Final = 0.68
"""Taken on a worker of one GPU before anything is loaded: the CUDA context (0.61 GiB measured on H200 with driver 580)
and the first kernels' workspace (78.5 of 79.18 GiB were free in SGLang's log on one H100)."""
SEVERAL_GIB: Final = 2.6
"""The same on a worker of several GPUs, with NCCL's communicators: 0.61 + 0.93 for the world + 0.47 for each further
group, however many GPUs (measured on H200); SGLang's logs of 4 and 8 GPUs have 2.2 to 2.6 GiB."""


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


_LOG: Final = "SGLang's log"
H100: Final = (
    FreeMemory(1, 78.5, f"{_LOG} on one GPU (sgl-project/sglang#18263)"),
    FreeMemory(4, 77.0, f"{_LOG} at TP4 (vllm-project/vllm#21348)"),
    FreeMemory(8, 76.8, f"{_LOG} on 8 GPUs"),
)
H200: Final = (FreeMemory(8, 137.29, f"{_LOG} on 8 GPUs (sgl-project/sglang#6017), the least of 137.29 to 137.52"),)
B200: Final = (FreeMemory(8, 175.3, f"{_LOG} on 8 GPUs"),)
GB200: Final = (FreeMemory(4, 174.8, f"{_LOG}; another has 182.2, and they do not say why: the less counts"),)
