"""Time of `make preview` against an empty program with the same SDKs: ``python bench/preview.py [ROUNDS]``.

Prints one JSON object with the median seconds over ROUNDS (by default 3): of a preview of prod, of the same command on
a copy of the project whose program creates nothing and needs no plugin, their ratio, and of dev and prod at once. They
run in turns, with the simulated cluster already up, so that one run compares like with like. The same in CPU seconds,
which are more reliable on a busy machine; the load average says whether it was busy.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EMPTY = """import pulumi.dynamic, pulumi_docker_build, pulumi_kubernetes as k8s, pulumi_random
k8s.core.v1.Secret, k8s.batch.v1.Job, k8s.helm.v3.Release, k8s.apiextensions.CustomResource
"""
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".hypothesis", "previews")


@dataclass(frozen=True)
class Cost:
    """The wall and CPU seconds of one run."""

    wall: float
    cpu: float


def main(rounds: int) -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT))
    from sim.paths import cluster_id

    env = {**os.environ, "SIM_ID": cluster_id()}
    before = os.getloadavg()[0]
    preview(ROOT, env, "prod")  # starts the cluster and warms the file cache
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_project(Path(folder) / "project")
        costs: dict[str, list[Cost]] = {"prod": [], "empty": [], "dev_and_prod": []}
        for _ in range(rounds):
            costs["prod"].append(preview(ROOT, env, "prod"))
            costs["empty"].append(preview(empty, env, "prod"))
            costs["dev_and_prod"].append(preview(ROOT, env, "dev", "prod"))
    wall = {name: statistics.median(cost.wall for cost in runs) for name, runs in costs.items()}
    cpu = {name: statistics.median(cost.cpu for cost in runs) for name, runs in costs.items()}
    figures = {
        **{f"{name}_s": round(median, 1) for name, median in wall.items()},
        "prod_to_empty": round(wall["prod"] / wall["empty"], 2),
        **{f"{name}_cpu_s": round(median, 1) for name, median in cpu.items()},
        "prod_to_empty_cpu": round(cpu["prod"] / cpu["empty"], 2),
        "rounds": rounds,
        "load_before_and_after": [round(load, 1) for load in (before, os.getloadavg()[0])],
    }
    print(json.dumps(figures, indent=2))


def empty_project(folder: Path) -> Path:
    """Return a copy of the project whose program imports what ours imports, and creates nothing."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    for venv in (".venv", "policy/.venv"):
        (folder / venv).symlink_to(ROOT / venv)
    (folder / "__main__.py").write_text(EMPTY)
    (folder / "sim" / "pulumi_plugins" / "__main__.py").write_text("")  # a program without resources needs none
    return folder


def preview(project: Path, env: dict[str, str], *stacks: str) -> Cost:
    """Run one preview. Print its stderr and raise CalledProcessError if it fails."""
    start, used = time.perf_counter(), cpu_seconds()
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "ci.preview", *stacks]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return Cost(time.perf_counter() - start, cpu_seconds() - used)


def cpu_seconds() -> float:
    """Return the CPU seconds of all child processes that have ended and were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
