"""Wall time of `make preview` against an empty program with the same SDKs: ``python bench/preview.py [ROUNDS]``.

Prints one JSON object: median seconds over ROUNDS (by default 3) of a preview of prod, of the same command on a copy of
the project whose program makes nothing, their ratio, and of dev and prod at once; in turns, with the simulated cluster
up before the first, so that one run compares like with like.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EMPTY = """import pulumi.dynamic, pulumi_docker_build, pulumi_kubernetes as k8s, pulumi_random
k8s.core.v1.Secret, k8s.batch.v1.Job, k8s.helm.v3.Release, k8s.apiextensions.CustomResource
"""
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".hypothesis", "previews")


def main(rounds: int) -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT))
    from sim.paths import cluster_id

    env = {**os.environ, "SIM_ID": cluster_id()}
    preview(ROOT, env, "prod")  # brings the cluster up, and the files into memory
    with tempfile.TemporaryDirectory() as folder:
        empty = empty_project(Path(folder) / "project")
        seconds: dict[str, list[float]] = {"prod": [], "empty": [], "dev_and_prod": []}
        for _ in range(rounds):
            seconds["prod"].append(preview(ROOT, env, "prod"))
            seconds["empty"].append(preview(empty, env, "prod"))
            seconds["dev_and_prod"].append(preview(ROOT, env, "dev", "prod"))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    figures = {f"{name}_s": round(median, 1) for name, median in medians.items()}
    ratio = round(medians["prod"] / medians["empty"], 2)
    print(json.dumps({**figures, "prod_to_empty": ratio, "rounds": rounds}, indent=2))


def empty_project(folder: Path) -> Path:
    """A copy of the project whose program imports what ours does, and makes nothing."""
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    for venv in (".venv", "policy/.venv"):
        (folder / venv).symlink_to(ROOT / venv)
    (folder / "__main__.py").write_text(EMPTY)
    return folder


def preview(project: Path, env: dict[str, str], *stacks: str) -> float:
    """Seconds of one run. Raises CalledProcessError, with what it printed, when it fails."""
    start = time.perf_counter()
    command = [str(ROOT / ".venv" / "bin" / "python"), "-m", "sim.preview", *stacks]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
