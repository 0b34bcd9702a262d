"""What SGLang's log says of expert load balancing (lines of ``sglang.srt.eplb`` at 0.5.3.post2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["METRICS_FLAG", "EngineLog", "read"]

METRICS_FLAG: Final = "--enable-expert-distribution-metrics"
"""Without it the engine writes no balancedness."""
STARTED: Final = "[EPLBManager] system started"
BEGUN: Final = "[EPLBManager] rebalance start"
ENDED: Final = re.compile(r"\[EPLBManager\] rebalance end(?: time=([\d.]+)s)?")
BALANCEDNESS: Final = re.compile(r"\[Expert Balancedness\].*?current_pass_balancedness=([\d.]+)")


@dataclass(frozen=True)
class EngineLog:
    """``balancedness`` is the mean of the GPUs' tokens over the most of one, averaged over layers, a forward pass each:
    1 is even; at 0.5 the others wait half of the time for the busiest."""

    started: bool
    begun: int
    rebalances: int
    seconds: tuple[float, ...]
    """How long rebalances took, where the engine says so."""
    balancedness: tuple[float, ...]


def read(lines: Iterable[str]) -> EngineLog:
    """From the log of a worker's rank 0."""
    started, begun, ended = False, 0, 0
    seconds: list[float] = []
    balancedness: list[float] = []
    for line in lines:
        started = started or STARTED in line
        begun += BEGUN in line
        end, even = ENDED.search(line), BALANCEDNESS.search(line)
        ended += end is not None
        if end and end[1]:
            seconds.append(float(end[1]))
        if even:
            balancedness.append(float(even[1]))
    return EngineLog(started, begun, ended, tuple(seconds), tuple(balancedness))
