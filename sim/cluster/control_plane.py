"""The Kubernetes control plane: real binaries that kwokctl starts, watches and removes."""

import json
import os
import subprocess
from pathlib import Path

import psutil
import yaml

from sim.cluster import audit, configuration, process
from sim.env import environment
from sim.state import Cluster, Process, SimError
from sim.tools.command import tail

COMPONENTS = {
    "etcd": "etcd",
    "kube-apiserver": "kube_apiserver",
    "kube-controller-manager": "kube_controller_manager",
    "kube-scheduler": "kube_scheduler",
    "kwok-controller": "",
}
"""Each component by its name in kwokctl, with the name of its field in `Ports`; kwok listens on no port."""
_TRIES = 2
"""Restarts of dead components: a controller manager exits if the API server is not healthy within ten seconds, as
happens on a busy machine."""


def _home(cluster: Cluster) -> Path:
    return cluster.directory / "kwok" / "clusters" / _name(cluster)


def _name(cluster: Cluster) -> str:
    return f"sim-{cluster.id}"


def start(cluster: Cluster) -> dict[str, Process]:
    """Create the control plane, or start the components that are missing, and return its processes.

    Raises SimError with kwokctl's reason, or with the last log lines of components that ended again.
    """
    if cluster.created:
        _start_missing(cluster)
    else:
        delete(cluster)  # remove what an interrupted `up` has left: kwokctl cannot resume from it
        configuration.audit_policy(cluster).write_text(yaml.safe_dump(audit.POLICY))
        file = cluster.directory / "kwokctl.yaml"
        file.write_text(yaml.safe_dump(configuration.of(cluster)))
        _kwokctl(cluster, "create", "cluster", "--config", file, "--kubeconfig", cluster.kubeconfig, "--wait", "90s")
        cluster.created = True
    for _ in range(_TRIES):
        if _dead(cluster):
            _start_missing(cluster)
    dead = _dead(cluster)
    if dead:
        logs = "\n".join(f"{_log(cluster, name)}:\n{tail(_log(cluster, name))}" for name in dead)
        raise SimError(f"the control plane did not start: {', '.join(dead)} ended again.\n{logs}")
    return processes(cluster)


def _start_missing(cluster: Cluster) -> None:
    _forget_strangers(cluster)
    _kwokctl(cluster, "start", "cluster", "--wait", "90s")


def _dead(cluster: Cluster) -> list[str]:
    found = processes(cluster)
    return [name for name in COMPONENTS if not process.alive(found.get(name))]


def delete(cluster: Cluster) -> None:
    """Stop the control plane and remove kwokctl's files."""
    _forget_strangers(cluster)
    if _home(cluster).exists():
        _kwokctl(cluster, "delete", "cluster", "--kubeconfig", cluster.kubeconfig)


def processes(cluster: Cluster) -> dict[str, Process]:
    """Return the components' processes, from kwokctl's pid files."""
    found: dict[str, Process] = {}
    for name, field in COMPONENTS.items():
        pid = _pid(_pid_file(cluster, name))
        if pid is not None:
            found[name] = process.record(pid, _log(cluster, name), getattr(cluster.ports, field) if field else None)
    return found


def _kwokctl(cluster: Cluster, *arguments: str | Path) -> None:
    command = [str(cluster.tools["kwokctl"]), "--name", _name(cluster), *map(str, arguments)]
    env = os.environ | environment(cluster) | {"KWOK_WORKDIR": str(cluster.directory / "kwok")}
    done = subprocess.run(
        command, env=process.marked(env, cluster.id), capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode:
        raise SimError(
            f"`kwokctl {arguments[0]} cluster` failed: {_reason(done.stderr)}\n"
            f"Its components' logs: {_home(cluster) / 'logs'}. If it stays so: `python -m sim down`, then up again."
        )


def _reason(said: str) -> str:
    """Return the error in the JSON on the last line of kwokctl's output; the whole output if that line is not JSON."""
    try:
        return json.loads(said.splitlines()[-1])["err"]
    except (IndexError, ValueError, KeyError):
        return said.strip()


def _forget_strangers(cluster: Cluster) -> None:
    """Remove pid files whose pid now belongs to another process, which kwokctl would otherwise kill."""
    for name in COMPONENTS:
        file = _pid_file(cluster, name)
        pid = _pid(file)
        if pid is not None and not _is_ours(pid, cluster):
            file.unlink()


def _is_ours(pid: int, cluster: Cluster) -> bool:
    try:
        return any(str(_home(cluster)) in argument for argument in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def _pid(file: Path) -> int | None:
    """Return the pid in the file; None if the file is missing or kwokctl has not finished writing it."""
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _pid_file(cluster: Cluster, component: str) -> Path:
    return _home(cluster) / "pids" / f"{component}.pid"


def _log(cluster: Cluster, component: str) -> Path:
    return _home(cluster) / "logs" / f"{component}.log"
