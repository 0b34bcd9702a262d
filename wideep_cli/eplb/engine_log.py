"""What an engine's log says about expert load balancing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wideep.engines.base import LogFormat

__all__ = ["EngineLog", "read"]


@dataclass(frozen=True)
class EngineLog:
    """Expert load balancing, as the log of a worker shows it.

    ``balancedness`` has a value per forward pass: the GPUs' mean tokens divided by the busiest GPU's, averaged over
    layers. 1 is even; at 0.5 the others wait half of the time for the busiest.
    """

    started: bool
    begun: int
    rebalances: int
    seconds: tuple[float, ...]
    """How long rebalances took, if the engine reports it."""
    balancedness: tuple[float, ...]


def read(lines: Iterable[str], form: LogFormat) -> EngineLog:
    """Parse the log of a worker's rank 0."""
    started, begun, ended = False, 0, 0
    seconds: list[float] = []
    balancedness: list[float] = []
    for line in lines:
        started = started or form.balancer_started in line
        begun += form.rebalance_begun.search(line) is not None
        end, even = form.rebalance_ended.search(line), form.balance.search(line)
        ended += end is not None
        if end and end[1]:
            seconds.append(float(end[1]))
        if even:
            balancedness.append(float(even[1]))
    return EngineLog(started, begun, ended, tuple(seconds), tuple(balancedness))
