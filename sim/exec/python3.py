"""Stands for python3 in a worker's container: the cache volume is a folder of the simulation, each pod's dumps another,
and PyTorch is `sim/exec/image`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sim import paths
from sim.exec.pod import Here
from wideep.download import MOUNT_PATH

IMAGE = paths.PROJECT / "sim" / "exec" / "image"


def folders(cluster: Path, namespace: str, pod: str) -> tuple[Path, Path]:
    """Where the files of a namespace's cache volume are, and the dumps of one pod."""
    home = cluster / "containers" / namespace
    return home / "model-cache", home / pod


def main(arguments: list[str], here: Here) -> int:
    meta = here.pod["metadata"]
    volume, dumps = folders(Path(os.environ["SIM_CLUSTER"]).parent, meta["namespace"], meta["name"])
    volume.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"PYTHONPATH": str(IMAGE), "SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR": str(dumps)}
    inside = [
        str(volume) + each.removeprefix(MOUNT_PATH) if each.startswith(MOUNT_PATH) else each for each in arguments
    ]
    return subprocess.run([sys.executable, *inside], env=env, check=False).returncode
