"""What runs beside the control plane: the registry, Dynamo's own etcd and NATS, and the simulation's agent."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim import paths
from sim.cluster import ports, process
from sim.env import environment
from sim.state import Cluster, Process, SimError
from sim.tools.command import tail

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Service:
    """A process beside the control plane: its name, its port if it has one, what says that it is ready."""

    name: str
    command: list[str | Path]
    port: int | None
    ready: Callable[[], bool]


def services(cluster: Cluster) -> list[Service]:
    """Those that need no Kubernetes API, each with a folder of its own for its data."""
    at, tools = cluster.ports, cluster.tools
    etcd, peer = cluster.etcd_endpoint, f"http://127.0.0.1:{at.dynamo_etcd_peer}"
    data = cluster.directory / "dynamo"
    for folder in (cluster.registry_dir, data):
        folder.mkdir(parents=True, exist_ok=True)
    return [
        Service(
            "registry",
            [tools["crane"], "registry", "serve", "--address", cluster.registry, "--disk", cluster.registry_dir],
            at.registry,
            lambda: ports.answers(at.registry),
        ),
        Service(
            "dynamo-nats",
            [tools["nats-server"], "-a", "127.0.0.1", "-p", str(at.nats), "-js", "-sd", data / "nats"],
            at.nats,
            lambda: ports.answers(at.nats),
        ),
        Service(
            "dynamo-etcd",
            [
                *(tools["etcd"], "--data-dir", data / "etcd", "--unsafe-no-fsync"),
                *("--listen-client-urls", etcd, "--advertise-client-urls", etcd),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}"),
            ],
            at.dynamo_etcd,
            lambda: ports.answers(at.dynamo_etcd),
        ),
    ]


def agent(cluster: Cluster) -> Service:
    """The simulated operator and what serves pods. It writes its ready file when it watches the API server."""
    return Service("agent", [sys.executable, "-m", "sim.agent"], None, cluster.agent_ready.exists)


def start(cluster: Cluster, service: Service) -> Process:
    """Starts the service, unless it runs already."""
    standing = cluster.processes.get(service.name)
    if standing is not None and process.alive(standing):
        return standing
    if service.port is not None and not ports.is_free(service.port):
        raise SimError(
            f"{service.name} cannot start: another program has taken its port {service.port} in the meantime. "
            "Run `python -m sim down`, then `python -m sim up`: it chooses new ports."
        )
    if service.name == "agent":
        cluster.agent_ready.unlink(missing_ok=True)
    return process.start(
        service.command,
        cluster=cluster.id,
        log=log(cluster, service.name),
        port=service.port,
        env=os.environ | environment(cluster) | {"PYTHONPATH": str(paths.PROJECT)},
    )


def wait(cluster: Cluster, service: Service) -> None:
    """Waits until the service is ready. Raises SimError with its last lines when it ended or is late."""
    until = time.monotonic() + _READY_SECONDS
    while not service.ready():
        if not process.alive(cluster.processes.get(service.name)):
            said = "ended before it was ready"
        elif time.monotonic() > until:
            said = f"was not ready after {_READY_SECONDS:.0f} s"
        else:
            time.sleep(_POLL_SECONDS)
            continue
        file = log(cluster, service.name)
        raise SimError(f"{service.name} {said}. Its last lines:\n{tail(file)}\nAll of its output: {file}")


def log(cluster: Cluster, service: str) -> Path:
    return cluster.logs / f"{service}.log"
