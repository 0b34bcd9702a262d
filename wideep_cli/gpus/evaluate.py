"""Compare a worker's GPUs with what they should hold and do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Final

from wideep.text import some_of
from wideep_cli.deployment import GraphPod
from wideep_cli.gpus.smi import Reading
from wideep_cli.plan.view import RoleView

__all__ = ["Gpu", "Prediction", "findings", "prediction"]

MEMORY_TOLERANCE: Final = 0.05
"""Share of a GPU's memory: the part outside the pool is an estimate, and grows until the first large batches ran."""
TOTAL_TOLERANCE: Final = 0.01
"""Share of a GPU's memory by which drivers differ in what they report."""
EVEN_MEMORY: Final = 0.03
"""Share of a GPU's memory: the ranks of a worker hold the same, except for rank 0's additional work."""
EVEN_BUSY: Final = 25
"""Percentage points of utilization around a worker's median: its GPUs share the experts, so all should work alike."""
SHOWN: Final = 4
"""GPUs that are named in one sentence."""


@dataclass(frozen=True)
class Prediction:
    """The predicted memory of one GPU of a role, in GB. ``pool`` is weights and KV cache, ``outside`` an estimate."""

    total: float
    weights: float
    pool: float
    outside: float

    @property
    def used(self) -> float:
        """Memory that a loaded worker should hold, in GB."""
        return self.pool + self.outside


@dataclass(frozen=True)
class Gpu:
    """A GPU, its pod, and the memory that it should hold."""

    member: GraphPod
    reading: Reading
    predicted: Prediction

    @property
    def used_gb(self) -> float:
        """Memory in use, in GB."""
        return self.reading.used_bytes / 1e9

    @property
    def place(self) -> str:
        """``decode-0.1 GPU 3``."""
        return f"{self.member.place} GPU {self.reading.index}"

    @property
    def marks(self) -> tuple[str, ...]:
        """What is odd about this GPU alone; empty if nothing is."""
        total = self.predicted.total
        found: list[str] = []
        if abs(self.reading.total_bytes / 1e9 - total) > TOTAL_TOLERANCE * total:
            found.append(f"not the GPU of the stack, which has {total:.1f} GB")
        elif self.used_gb < self.predicted.weights:
            found.append("weights not loaded")
        elif self.used_gb > self.predicted.used + MEMORY_TOLERANCE * total:
            found.append("holds more than predicted")
        elif self.used_gb < self.predicted.pool - MEMORY_TOLERANCE * total:
            found.append("holds less than its pool")
        return tuple(found)


def prediction(view: RoleView) -> Prediction:
    """Return the prediction from the Plan's memory, as ``wideep plan`` shows it."""
    plan = view.plan
    outside = view.needed_gb + view.memory.taken_gb
    return Prediction(view.gpu.memory_gb, plan.weights_gb, plan.weights_gb + plan.kv_cache_gb, outside)


def findings(gpus: Sequence[Gpu]) -> tuple[str, ...]:
    """Return what is wrong, as sentences with a next step; empty if nothing is."""
    return (*_marked(gpus), *(line for worker in _workers(gpus) for line in _uneven(worker)))


def _workers(gpus: Iterable[Gpu]) -> Iterator[list[Gpu]]:
    """Yield the GPUs of each worker, over all its pods."""

    def worker(gpu: Gpu) -> tuple[str, int]:
        return gpu.member.component, gpu.member.worker

    for _, group in groupby(sorted(gpus, key=worker), worker):
        yield list(group)


def _marked(gpus: Sequence[Gpu]) -> Iterator[str]:
    by_mark: dict[str, list[Gpu]] = {}
    for gpu in gpus:
        for mark in gpu.marks:
            by_mark.setdefault(mark, []).append(gpu)
    for mark, those in by_mark.items():
        names = some_of((gpu.place for gpu in those), SHOWN)
        yield f"{names}: {mark}. {_next_step(mark, those[0])}"


def _next_step(mark: str, gpu: Gpu) -> str:
    role = gpu.member.component
    if mark.startswith("not the GPU"):
        return "Set hardware.gpu to what the nodes have, or hardware.nodeSelector to the nodes that have it."
    if mark == "weights not loaded":
        return "Run wideep status to see the worker's progress."
    if mark == "holds more than predicted":
        outside = gpu.used_gb - gpu.predicted.pool
        return (
            f"Outside its pool it holds {outside:.1f} GB, {gpu.predicted.outside:.1f} by the estimate: what is left is "
            f"what keeps the worker from running out of memory (layout.{role}.memFractionStatic lowers the pool)."
        )
    return f"Its engine may run with another layout.{role}.memFractionStatic than the stack: pulumi preview."


def _uneven(worker: list[Gpu]) -> Iterator[str]:
    """Report uneven memory or utilization among the ranks of one worker."""
    first = worker[0]
    name = f"{first.member.component}-{first.member.worker}"
    used = [gpu.used_gb for gpu in worker]
    if max(used) - min(used) > EVEN_MEMORY * first.predicted.total:
        low, high = min(worker, key=lambda gpu: gpu.used_gb), max(worker, key=lambda gpu: gpu.used_gb)
        yield (
            f"{name}: memory is uneven, {low.used_gb:.1f} GB on {low.place} and {high.used_gb:.1f} GB on {high.place}. "
            f"Its ranks should use the same amount: check wideep logs --role {first.member.component}."
        )
    busy = {gpu.place: gpu.reading.utilization for gpu in worker if gpu.reading.utilization is not None}
    if not busy:
        return
    middle = median(busy.values())
    odd = [f"{place} {value} %" for place, value in busy.items() if abs(value - middle) > EVEN_BUSY]
    if odd:
        yield (
            f"{name}: utilization is uneven, {some_of(odd, SHOWN)} and {middle:.0f} % in the middle. With expert "
            "parallelism all GPUs of a worker should have the same load: check again under load, then run wideep eplb."
        )
