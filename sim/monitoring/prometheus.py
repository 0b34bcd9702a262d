"""The real Prometheus process behind a Prometheus pod, in Dynamo's network, where the frontends and workers listen."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Final

from sim import paths
from sim.kubelet.pod import Pod
from sim.kubelet.serving import Child, answers, free_port, spawn
from sim.operator.contract import Manifest
from sim.state import Cluster, private_folder, write_private

PORT: Final = 9090
POLL_SECONDS: Final = 0.1
RULES: Final = "rules.yml"


def folder(cluster: Cluster, uid: str) -> Path:
    """Return the folder in which the Prometheus of a pod keeps its files."""
    return private_folder(cluster.directory / "monitoring" / uid)


def pages(cluster: Cluster, uid: str) -> Path:
    """Return the folder of the exporter's pages."""
    return private_folder(folder(cluster, uid) / "pages")


def write(cluster: Cluster, uid: str, name: str, content: Manifest) -> bool:
    """Write a configuration file as JSON, which is also YAML; return whether it has changed."""
    file, text = folder(cluster, uid) / name, json.dumps(content, indent=1)
    if file.exists() and file.read_text() == text:
        return False
    write_private(file, text)
    return True


async def start(pod: Pod) -> Child | None:
    """Start Prometheus with nothing to scrape, and wait until it answers; None if this machine has no Prometheus."""
    cluster = pod.machine.cluster
    program = cluster.tools.get("prometheus")
    if program is None:
        pod.journal.write("simulated: this machine has no Prometheus (`python -m sim tools` says why)")
        return None
    home, port, exporter = folder(cluster, pod.uid), free_port(), free_port()
    if not (home / "prometheus.yml").exists():
        write(cluster, pod.uid, "prometheus.yml", {"scrape_configs": []})
    door = cluster.sockets_dir / str(port)
    command = [
        *(sys.executable, "-m", "sim.monitoring.inside", str(door), str(port)),
        *(str(pages(cluster, pod.uid)), str(exporter), str(program)),
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    env = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
    child = pod.child = await spawn(cluster, command, env, pod.journal.write)
    child.door, pod.exporter = door, exporter
    while child.process.returncode is None and not await answers(door, "/-/ready"):
        await asyncio.sleep(POLL_SECONDS)
    pod.open({PORT: str(door)})
    return child
