"""Which pods of an older template go next: Grove's default, RollingRecreate.

Of a clique by itself one pod after the other, the oldest first; of a scaling group one replica as a whole after the
other, the lowest index first. Nothing that is ready goes while something is not; what is old and not ready goes at once
(github.com/ai-dynamo/grove, docs/designs/update-strategy.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sim.operator.contract import Manifest
from sim.operator.graph import is_ready

__all__ = ["Unit", "outgoing", "pod_by_pod", "together"]


@dataclass
class Unit:
    """What is replaced together: the pods of a scaling group's replica, or one pod of a clique by itself."""

    wanted: int
    """Pods that it should have."""
    pods: list[Manifest] = field(default_factory=list[Manifest])
    outdated: list[Manifest] = field(default_factory=list[Manifest])
    """Those of them that have an older template."""

    def is_ready(self) -> bool:
        """Whether all of its pods are there, and ready."""
        return len(self.pods) == self.wanted and all(map(is_ready, self.pods))


def together(cliques: Sequence[Unit]) -> Unit:
    """Return all pods of a scaling group's replica as one."""
    pods = [pod for each in cliques for pod in each.pods]
    return Unit(sum(each.wanted for each in cliques), pods, [pod for each in cliques for pod in each.outdated])


def pod_by_pod(clique: Unit) -> list[Unit]:
    """Return each pod of a clique by itself, the oldest first."""
    oldest = sorted(clique.pods, key=lambda pod: pod["metadata"].get("creationTimestamp", ""))
    return [Unit(1, [pod], [pod] if pod in clique.outdated else []) for pod in oldest]


def outgoing(units: Sequence[Unit]) -> Iterator[Manifest]:
    """Return the pods to be deleted now. ``units``: all of a scaling group or clique, in the order of their turns."""
    old = [unit for unit in units if unit.outdated]
    broken = [unit for unit in old if not unit.is_ready()]
    steady = all(unit.is_ready() for unit in units)
    going = chain(*(unit.outdated for unit in broken), *(unit.pods for unit in old[:1] if steady))
    return (pod for pod in going if "deletionTimestamp" not in pod["metadata"])
