"""Stand-in for python3 in a worker's container: the cache volume is a folder of the simulation, each pod's dumps are in
another, and PyTorch is `sim/kubectl_exec/image`.

It runs only the programs that the `wideep` command sends to pods, because this machine's Python runs them.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sim import paths
from sim.kubectl_exec.pod import Here
from wideep.download import MOUNT_PATH
from wideep.graph.volumes import COUNTS_FOLDER, COUNTS_PATH

REFUSED = 126
IMAGE = paths.PROJECT / "sim" / "kubectl_exec" / "image"


def folders(cluster: Path, namespace: str, pod: str) -> tuple[Path, Path]:
    """Return the folder of a namespace's cache volume, and that of one pod's dumps."""
    home = cluster / "containers" / namespace
    return home / "model-cache", home / pod


def known_programs() -> set[str]:
    """Return all multi-line strings of the command's modules, among them each program that it sends to a pod."""
    modules = (ast.parse(file.read_text()) for file in (paths.PROJECT / "wideep_cli").rglob("*.py"))
    texts = (node.value for module in modules for node in ast.walk(module) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and "\n" in text}


def main(arguments: list[str], here: Here) -> int:
    if len(arguments) < 2 or arguments[0] != "-c" or arguments[1] not in known_programs():
        sys.stderr.write("python3: the simulated container runs only `-c` with a program of the wideep command\n")
        return REFUSED
    meta = here.pod["metadata"]
    volume, dumps = folders(Path(os.environ["SIM_CLUSTER"]).parent, meta["namespace"], meta["name"])
    volume.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"PYTHONPATH": str(IMAGE), "SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR": str(dumps)}
    (volume / COUNTS_FOLDER).mkdir(exist_ok=True)
    mounts = {MOUNT_PATH: volume, COUNTS_PATH: volume / COUNTS_FOLDER}
    inside = [_on_this_machine(each, mounts) for each in arguments]
    return subprocess.run([sys.executable, *inside], env=env, check=False).returncode


def _on_this_machine(word: str, mounts: Mapping[str, Path]) -> str:
    """Return a path of the container as a path of this machine; other words unchanged."""
    for mount, folder in mounts.items():
        if word.startswith(f"{mount}/"):
            return str(folder) + word.removeprefix(mount)
    return word
