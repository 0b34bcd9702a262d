"""Many stacks on one cluster, each through its whole life: ``python -m bench.load [--graphs 100] [--at-once 3]``.

Brings up its own simulated cluster (SIM_ID) with the Dynamo platform, then takes every stack through `pulumi up`,
`wideep status`, an update (one more decode worker, so that all GPUs are in use) and `pulumi destroy`, and checks after
each phase whether anything is lost or left over. Prints one JSON object; its progress goes to stderr. Exit code 1:
something was lost, or a command failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from bench.fleet import DECODE, GRAPH_LABEL, GRAPH_NODES, PREFILL, Fleet, fleet

FRONTENDS: Final = 1
UP: Final = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
DESTROY: Final = ("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
SHOWN: Final = 3000
VOLUME_SECONDS: Final = 60


def main() -> None:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=None, help="by default ten for each graph")
    parser.add_argument("--at-once", type=int, default=3, help="Pulumi engines side by side")
    options = parser.parse_args()
    nodes = options.nodes or options.graphs * GRAPH_NODES
    figures: dict[str, Any] = {**vars(options), "nodes": nodes, "gpus": 8 * nodes}
    with fleet(options.graphs, nodes, figures) as found:
        lost = live(Load(found, options.at_once, figures))
    print(json.dumps({**figures, "lost": lost}, indent=2))
    sys.exit(1 if lost else 0)


@dataclass
class Load:
    """All stacks of a fleet, phase by phase."""

    fleet: Fleet
    at_once: int
    figures: dict[str, Any]
    failed: list[str] = field(default_factory=list)

    def phase(self, name: str, work: Callable[[str], float]) -> None:
        """Take every stack through one command, several at a time, and record the times."""
        began = time.monotonic()
        with ThreadPoolExecutor(self.at_once) as pool:
            seconds = sorted(pool.map(work, self.fleet.stacks))
        self.figures[name] = {
            "wall_s": round(time.monotonic() - began),
            "one_median_s": round(statistics.median(seconds), 1),
            "one_longest_s": round(seconds[-1], 1),
            "sim_mb": self.fleet.footprint(),
        }
        sys.stderr.write(f"{name}: {json.dumps(self.figures[name])}\n")

    def command(self, stack: str, *command: str) -> float:
        """Run one command and return its seconds; print its output if it fails."""
        began = time.monotonic()
        done = subprocess.run(
            [*command, "--stack", stack],
            cwd=self.fleet.folder,
            env=self.fleet.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode:
            self.failed.append(f"{stack}: `{' '.join(command[:2])}` ended with {done.returncode}")
            sys.stderr.write(f"{self.failed[-1]}\n{done.stdout[-SHOWN:]}\n")
        sys.stderr.write(f"{stack} {command[1]} {seconds:.0f} s\n")
        return seconds

    def up(self, stack: str) -> float:
        """Create the stack and deploy it."""
        self.fleet.run("pulumi", "stack", "init", stack, "--non-interactive")
        return self.command(stack, *UP)

    def update(self, stack: str) -> float:
        """Add one decode worker."""
        self.fleet.write(stack, DECODE + 1)
        return self.command(stack, *UP)

    def destroy(self, stack: str) -> float:
        """Destroy the stack."""
        return self.command(stack, *DESTROY)

    def status(self, stack: str) -> float:
        """Run `wideep status` on the stack, which has to be ready."""
        return self.command(stack, "wideep", "status")


def live(load: Load) -> list[str]:
    """Take all stacks through their whole life, and return what failed or was lost."""
    lost: list[str] = []
    load.phase("up", load.up)
    lost += missing(load.fleet, FRONTENDS + PREFILL + DECODE)
    load.phase("status", load.status)
    load.phase("update", load.update)
    lost += missing(load.fleet, FRONTENDS + PREFILL + DECODE + 1)
    load.phase("destroy", load.destroy)
    return load.failed + lost + left_over(load.fleet)


def missing(found: Fleet, pods: int) -> list[str]:
    """Return the graphs that are not ready, and the stacks without the right number of ready pods."""
    graphs = {each["metadata"]["namespace"]: is_ready(each) for each in found.items("dynamographdeployments")}
    counts = dict.fromkeys(found.stacks, 0)
    for pod in found.items("pods", "--selector", GRAPH_LABEL):
        counts[pod["metadata"]["namespace"]] += is_ready(pod)
    return [
        *(f"{stack}: its graph is not ready" for stack in found.stacks if not graphs.get(stack)),
        *(f"{stack}: {count} of {pods} pods are ready" for stack, count in counts.items() if count != pods),
    ]


def is_ready(live: dict[str, Any]) -> bool:
    """Tell whether the object's condition Ready is true."""
    conditions = live.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def left_over(found: Fleet) -> list[str]:
    """Return what a destroy should have deleted: objects on the cluster, and resources in the states. Volumes get some
    time, because their controller deletes them, not the stack."""
    until = time.monotonic() + VOLUME_SECONDS
    while volumes(found) and time.monotonic() < until:
        time.sleep(1)
    kinds = ("dynamographdeployments", "dynamocomponentdeployments", "namespaces")
    objects = [(kind, each["metadata"]) for kind in kinds for each in found.items(kind)]
    mine = [(kind, meta) for kind, meta in objects if meta.get("namespace", meta["name"]) in found.stacks]
    stacks = json.loads(found.run("pulumi", "stack", "ls", "--json"))
    return [
        *(f"{kind}/{meta['name']} is left" for kind, meta in mine),
        *(f"persistentvolumes/{name} is left" for name in volumes(found)),
        *(f"stack {each['name']} still has resources" for each in stacks if each.get("resourceCount")),
    ]


def volumes(found: Fleet) -> list[str]:
    """Return the volumes of the stacks' claims."""
    every = [
        (each["metadata"]["name"], each["spec"]["claimRef"]["namespace"]) for each in found.items("persistentvolumes")
    ]
    return [name for name, namespace in every if namespace in found.stacks]


if __name__ == "__main__":
    main()
