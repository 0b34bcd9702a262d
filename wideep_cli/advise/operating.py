"""The batch sizes at which a worker can run, and the best of them within a latency limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wideep.rules.role_context import RoleContext
from wideep.settings.layout import KvCacheDtype, RoleLayout
from wideep.settings.traffic import Traffic
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.sizing import holds, sized
from wideep_cli.advise.workers import Caveat, Step, worker_question

__all__ = ["Operation", "Worker", "as_candidate", "as_it_stands"]

LayoutOf = Callable[[int], RoleLayout | None]


@dataclass(frozen=True)
class Operation:
    """A worker at one batch size."""

    layout: RoleLayout
    """The layout of one worker, with memory settings for this batch."""
    step: Step
    memory_bound: bool
    """True if a larger batch would meet the latency limit but does not fit in memory."""
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True)
class Worker:
    """A worker that can run, with its steps."""

    site: RoleContext
    steps: tuple[Step, ...]
    """The steps that fit, ascending by batch."""
    caveats: tuple[Caveat, ...]
    layout_of: LayoutOf
    """A function from a batch to its layout, or to None if the batch does not fit."""
    next_step: Step | None
    """The first step that does not fit; None if all fit."""

    @property
    def gpus(self) -> int:
        """The number of GPUs of one worker."""
        return self.site.role.gpus_per_worker

    def best(self, limit_ms: float) -> Operation | None:
        """Return the operation with the most requests/s within the latency limit; None if a single request exceeds
        it."""
        within = [step for step in self.steps if step.milliseconds <= limit_ms]
        if not within:
            return None
        return self._operation(max(within, key=lambda step: (step.requests_per_second, -step.batch)), limit_ms)

    def fastest(self) -> Operation:
        """Return the operation with the shortest step, whatever the limit."""
        return self._operation(min(self.steps, key=lambda step: step.milliseconds), 0.0)

    def relaxed(self, operation: Operation, requests_per_second: float) -> Operation:
        """Return the operation with the smallest batch, and so the lowest latency, that serves this many requests/s."""
        enough = (step for step in self.steps if step.requests_per_second >= requests_per_second)
        step = min(enough, key=lambda step: step.milliseconds, default=operation.step)
        return replace(operation, step=step) if step.milliseconds < operation.step.milliseconds else operation

    def _operation(self, step: Step, limit_ms: float) -> Operation:
        layout = self.layout_of(step.batch)
        if layout is None:
            raise ValueError(f"batch {step.batch} does not fit")
        last = step is self.steps[-1]
        bound = last and self.next_step is not None and self.next_step.milliseconds <= limit_ms
        return Operation(layout, step, bound, self.caveats)


def as_candidate(site: RoleContext, answers: Answers, traffic: Traffic) -> Worker | str:
    """Return a worker whose memory settings follow the batch, or the reason why there is no prediction."""
    return _worker(site, answers, lambda batch: sized(site, batch, traffic))


def as_it_stands(site: RoleContext, answers: Answers, traffic: Traffic) -> Worker | str:
    """Return a worker with its layout's own memory settings, or the reason why there is no prediction."""
    return _worker(site, answers, lambda batch: site.role if holds(site, batch, traffic) else None)


def _worker(site: RoleContext, answers: Answers, layout_of: LayoutOf) -> Worker | str:
    series = answers.series(worker_question(site.hardware.gpu, site.name, site.role, answers.backend))
    if series.no_data:
        return series.no_data
    count = _fitting(series.steps, layout_of)
    if count == 0:
        return f"{site.name}: not a single request fits in memory"
    following = series.steps[count] if count < len(series.steps) else None
    caveats = tuple(each for each in series.caveats if each is not Caveat.KV_FP8 or not _kv_in_fp8(site.role))
    return Worker(site, series.steps[:count], caveats, layout_of, following)


def _kv_in_fp8(role: RoleLayout) -> bool:
    return role.kv_cache_dtype in (KvCacheDtype.FP8_E4M3, KvCacheDtype.FP8_E5M2)


def _fitting(steps: tuple[Step, ...], layout_of: LayoutOf) -> int:
    """Return how many of the steps fit, by bisection: more requests never need less memory."""
    low, high = 0, sum(step.fits for step in steps)
    while low < high:
        middle = (low + high + 1) // 2
        if layout_of(steps[middle - 1].batch) is None:
            high = middle - 1
        else:
            low = middle
    return low
