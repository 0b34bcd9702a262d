"""Many graphs, each in its own stack, on one simulated cluster; bench.status and bench.load use it.

Each graph has ten nodes of 8 GPUs and fills nine of them: four prefill and five decode workers of 8 GPUs, and a
frontend. Its pods run no engine (SIM_SERVED_GRAPHS=0): they pull, load and become ready, but serve nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from sim.cluster import lifecycle
from sim.env import environment
from sim.paths import PROJECT, cluster_dir, cluster_id
from sim.sandbox import copy_project, install_platform, write_stack
from sim.state import Cluster, load

GRAPH_NODES: Final = 10
DECODE: Final = 5
PREFILL: Final = 4
GRAPH_LABEL: Final = "nvidia.com/dynamo-graph-deployment-name"
PLATFORM: Final = "load-platform"


@dataclass(frozen=True)
class Project:
    """A project's folder, and the cluster that its commands use."""

    cluster: Cluster
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment in which pulumi, kubectl and wideep use the cluster."""
        return os.environ | environment(self.cluster)

    def run(self, *command: str, given: str | None = None) -> str:
        """Run a command and return its stdout. Raise RuntimeError with its output if it fails."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"`{' '.join(command)}` failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout


@dataclass(frozen=True)
class Fleet(Project):
    """The cluster with the platform, and a project's folder with a stack file for each graph."""

    stacks: tuple[str, ...]

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl and return its stdout."""
        return self.run("kubectl", *arguments, given=given)

    def items(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """Return all objects of a kind."""
        return json.loads(self.kubectl("get", kind, "--all-namespaces", "--output=json", *arguments))["items"]

    def write(self, stack: str, decode: int = DECODE) -> None:
        """Write the stack's file; each stack has its own namespace, of the same name."""
        layout = {"preset": "lab-16gpu-singlenode", "prefill": {"replicas": PREFILL}, "decode": {"replicas": decode}}
        write_stack(
            self.folder,
            stack,
            namespace=stack,
            hardware={"gpu": "H200", "nodes": GRAPH_NODES, "gpusPerNode": 8, "interconnect": "infiniband"},
            layout=layout,
            image={"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64},
            platform={"install": False},
        )

    def footprint(self) -> int:
        """Return the memory of the simulated cluster's processes, in MiB."""
        pids = [each.pid for each in lifecycle.components(self.cluster) if each.pid]
        return sum(psutil.Process(pid).memory_info().rss for pid in pids) // 2**20


@contextmanager
def own_cluster(nodes: int, **served: str) -> Iterator[tuple[Cluster, Path]]:
    """Bring up a separate cluster with that many GPU nodes, and yield it with a copy of the project; the cluster is
    stopped when the block ends. ``served``: variables for `python -m sim up`."""
    file = cluster_dir() / "cluster.json"
    if file.exists():
        sys.exit(f"The cluster {cluster_id()} stands already, and would be ended: name another one with SIM_ID.")
    env = os.environ | {"SIM_ID": cluster_id()} | served
    sim = [sys.executable, "-m", "sim"]
    subprocess.run([*sim, "up", "--nodes", str(nodes)], cwd=PROJECT, env=env, check=True, stdout=sys.stderr)
    try:
        cluster = load(file)
        if cluster is None:
            raise RuntimeError("the simulated cluster did not come up")
        with tempfile.TemporaryDirectory() as folder:
            yield cluster, copy_project(Path(folder) / "project")
    finally:
        subprocess.run([*sim, "down"], cwd=PROJECT, env=env, check=True, stdout=sys.stderr)


@contextmanager
def fleet(graphs: int, nodes: int, figures: dict[str, Any]) -> Iterator[Fleet]:
    """Bring up a separate cluster with that many GPU nodes and the platform, but no graph yet; stop it when the block
    ends.

    ``figures`` receives the time and memory of `sim up`.
    """
    began = time.monotonic()
    with own_cluster(nodes, SIM_SERVED_GRAPHS="0") as (cluster, folder):
        figures["sim_up_s"] = round(time.monotonic() - began, 1)
        stacks = tuple(f"load-{number:03}" for number in range(graphs))
        found = Fleet(cluster, folder, stacks)
        for stack in stacks:
            found.write(stack)
        install_platform(found.run, PLATFORM)
        figures["sim_mb_without_graphs"] = found.footprint()
        yield found
