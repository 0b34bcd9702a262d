"""What the burn-in costs `pulumi up`: ``SIM_JOB_SECONDS=20 SIM_DOWNLOAD_SECONDS=60 python -m bench.burnin``.

Brings up its own simulated cluster (SIM_ID), and deploys one stack without and with the burn-in. Prints one JSON
object: the seconds of each `up`, and from the engine's events when download, burn-in and graph began and ended. The two
variables set how long a measurement and a download take there; for real durations see docs/burnin.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from sim.env import environment
from sim.paths import PROJECT, cluster_dir, cluster_id
from sim.sandbox import copy_project, write_stack
from sim.state import load

STACK: Final[dict[str, Any]] = {
    "model": "Qwen/Qwen3-30B-A3B",
    "hardware": {"gpu": "H200", "nodes": 1, "gpusPerNode": 8, "interconnect": "nvlink"},
    "layout": "lab-8gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64},
    "modelCache": {"size": "100Gi"},
}
WATCHED: Final = ("platform-platform", "download-job", "burnin-nodes", "graph-graph")
QUIET: Final = ("--yes", "--skip-preview", "--non-interactive")


def main() -> None:
    """Measure and print."""
    env = os.environ | {"SIM_ID": cluster_id()}
    sim = [sys.executable, "-m", "sim"]
    subprocess.run([*sim, "up"], cwd=PROJECT, env=env, check=True, stdout=sys.stderr)
    try:
        cluster = load(cluster_dir() / "cluster.json")
        assert cluster is not None  # noqa: S101 - it was just brought up
        with tempfile.TemporaryDirectory() as folder:
            project = copy_project(Path(folder) / "project")
            env |= environment(cluster) | {"PULUMI_DEBUG_COMMANDS": "true"}  # required by --event-log
            print(json.dumps({str(enabled): measure(project, env, enabled) for enabled in (False, True)}, indent=2))
    finally:
        subprocess.run([*sim, "down"], cwd=PROJECT, env=env, check=True, stdout=sys.stderr)


def measure(project: Path, env: dict[str, str], enabled: bool) -> dict[str, Any]:
    """Return the seconds of a new stack's `up`, and when its parts began and ended."""
    write_stack(project, "bench", **STACK, burnin={"enabled": enabled})
    events = project / "events"
    events.unlink(missing_ok=True)
    pulumi(project, env, "stack", "select", "--create", "bench")
    began = time.monotonic()
    pulumi(project, env, "up", *QUIET, "--stack", "bench", "--event-log", str(events))
    seconds = round(time.monotonic() - began)
    found = spans(events.read_text())
    pulumi(project, env, "destroy", *QUIET, "--stack", "bench")
    return {"up_s": seconds, "seconds_from_the_start": found}


def spans(log: str) -> dict[str, list[int]]:
    """Return when each watched resource began and ended, in seconds from the start."""
    lines = [json.loads(line) for line in log.splitlines()]
    first, found = lines[0]["timestamp"], dict[str, list[int]]()
    for line in lines:
        told = line.get("resourcePreEvent") or line.get("resOutputsEvent")
        name = told["metadata"]["urn"].rpartition("::")[2] if told else ""
        if name in WATCHED:
            found.setdefault(name, []).append(line["timestamp"] - first)
    return found


def pulumi(project: Path, env: dict[str, str], *words: str) -> None:
    """Run a command. Raise CalledProcessError if it fails."""
    subprocess.run(["pulumi", *words], cwd=project, env=env, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
