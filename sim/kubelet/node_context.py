"""What all simulated pods share: clients, durations, and the number of graphs that get real processes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from sim.kubelet.serving import Dynamo
from sim.operator.kube import Kube
from sim.operator.work_queue import Key
from sim.state import Cluster


def _number(name: str, default: float) -> float:
    return float(os.environ.get(name, default))


@dataclass(frozen=True)
class Times:
    """Durations of the simulated steps in seconds, from the agent's environment; the real ones take minutes."""

    pull: float = field(default_factory=lambda: _number("SIM_PULL_SECONDS", 0.3))
    load: float = field(default_factory=lambda: _number("SIM_LOAD_SECONDS", 2.0))
    download: float = field(default_factory=lambda: _number("SIM_DOWNLOAD_SECONDS", 3.0))
    job: float = field(default_factory=lambda: _number("SIM_JOB_SECONDS", 0.5))


@dataclass
class Served:
    """The graphs that have Dynamo processes. Their number is limited because one graph takes about 250 MB."""

    limit: int = field(default_factory=lambda: int(_number("SIM_SERVED_GRAPHS", 8)))
    pods: dict[Key, set[str]] = field(default_factory=dict)

    def join(self, graph: Key, pod: str) -> bool:
        """Tell whether the pod of that uid may have a process, and record it if so."""
        if graph not in self.pods and len(self.pods) >= self.limit:
            return False
        self.pods.setdefault(graph, set()).add(pod)
        return True

    def leave(self, graph: Key, pod: str) -> None:
        self.pods.get(graph, set()).discard(pod)
        if not self.pods.get(graph, {pod}):
            del self.pods[graph]


@dataclass(frozen=True)
class Machine:
    """What every pod runs on."""

    kube: Kube
    cluster: Cluster
    dynamo: Dynamo
    times: Times
    served: Served
