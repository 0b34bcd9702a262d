"""The processes beside the control plane: registry, kubelet, Dynamo's network, etcd and NATS, and the agent."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sim import paths
from sim.cluster import configuration, logins, network, ports, process
from sim.env import environment
from sim.kubectl_exec import PROGRAMS
from sim.state import Cluster, Process, SimError, private_folder
from sim.tools.command import tail

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
INSIDE = ("agent", "dynamo-nats", "dynamo-etcd")
"""Services that run in Dynamo's network or start processes there."""


@dataclass(frozen=True)
class Service:
    """A process beside the control plane."""

    name: str
    command: list[str | Path]
    port: int | None
    ready: Callable[[], bool] | None = None
    """Tells whether the service is ready; None: it is ready when it listens on its port."""
    certificate: bool = False
    """Whether the service needs the cluster's certificate, which kwokctl creates with the control plane."""
    inside: bool = False
    """Whether the service runs in Dynamo's network."""


def services(cluster: Cluster) -> list[Service]:
    """Return the services that need no Kubernetes API, in the order in which they start."""
    at, tools = cluster.ports, cluster.tools
    held = network.holder(cluster)
    nats, etcd = [tools["nats-server"], "--config", logins.nats(cluster)], [tools["etcd"], *_etcd(cluster)]
    return [
        *([Service(network.NAME, held, None, network.ready(cluster).exists)] if held else []),
        Service(
            "registry",
            [
                *(tools["sim-registry"], "--address", cluster.registry, "--disk", cluster.registry_dir),
                *("--password-file", logins.registry(cluster)),
            ],
            at.registry,
        ),
        Service("dynamo-nats", nats, at.nats, inside=True),
        Service("dynamo-etcd", etcd, at.dynamo_etcd, certificate=True, inside=True),
        Service("kubelet", [tools["sim-kubelet"], *_kubelet(cluster)], at.kubelet, certificate=True),
    ]


def prepare(cluster: Cluster) -> None:
    """Make the folders and files that the services use."""
    for folder in (cluster.registry_dir, cluster.dynamo_dir, cluster.pods_dir, cluster.sockets_dir):
        private_folder(folder)
    logins.write(cluster)


def _etcd(cluster: Cluster) -> list[str]:
    client, peer = cluster.etcd_endpoint, f"https://127.0.0.1:{cluster.ports.dynamo_etcd_peer}"
    urls = {"listen-client-urls": client, "advertise-client-urls": client, "listen-peer-urls": peer}
    more = {
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "data-dir": str(cluster.dynamo_dir / "etcd"),
    }
    options = urls | more | {"unsafe-no-fsync": "true"} | configuration.mutual_tls(cluster, client)
    return [f"--{name}={value}" for name, value in options.items()]


def _kubelet(cluster: Cluster) -> list[str | Path]:
    pki = cluster.pki
    certificate = ["--ca", pki / "ca.crt", "--cert", pki / "admin.crt", "--key", pki / "admin.key"]
    where = ["--address", f"127.0.0.1:{cluster.ports.kubelet}", "--pods", cluster.pods_dir]
    return [*where, *certificate, "--programs", PROGRAMS, "--workdir", paths.PROJECT]


def agent(cluster: Cluster) -> Service:
    """Return the agent's service. Its ready file appears once the agent watches the API server."""
    return Service("agent", [sys.executable, "-m", "sim.operator"], None, cluster.agent_ready.exists)


def start(cluster: Cluster, service: Service) -> Process:
    """Start the service, unless it already runs."""
    standing = cluster.processes.get(service.name)
    if standing is not None and process.alive(standing):
        return standing
    if service.name == network.NAME:
        _end_what_was_inside(cluster)
    inside = network.inside(cluster) if service.inside else []
    if service.port is not None and not inside and not ports.is_free(service.port):
        raise SimError(
            f"{service.name} cannot start: another program has taken its port {service.port} in the meantime. "
            "Run `python -m sim down`, then `python -m sim up`: it chooses new ports."
        )
    for sign in {"agent": [cluster.agent_ready], network.NAME: [network.ready(cluster)]}.get(service.name, []):
        sign.unlink(missing_ok=True)
    return process.start(
        [*inside, *service.command],
        cluster=cluster.id,
        log=log(cluster, service.name),
        port=service.port,
        env=os.environ | environment(cluster) | {"PYTHONPATH": str(paths.PROJECT), "SIM_PYTHON": sys.executable},
    )


def _end_what_was_inside(cluster: Cluster) -> None:
    """End the processes of a namespace that is gone: they could not reach those that start in the new one."""
    process.stop(*(cluster.processes[name] for name in INSIDE if name in cluster.processes))


def wait(cluster: Cluster, service: Service) -> None:
    """Wait until the service is ready; raise SimError with its last log lines if it has ended or is late."""
    until = time.monotonic() + _READY_SECONDS
    while not _is_ready(cluster, service):
        if not process.alive(cluster.processes.get(service.name)):
            said = "ended before it was ready"
        elif time.monotonic() > until:
            said = f"was not ready after {_READY_SECONDS:.0f} s"
        else:
            time.sleep(_POLL_SECONDS)
            continue
        file = log(cluster, service.name)
        raise SimError(f"{service.name} {said}. Its last lines:\n{tail(file)}\nAll of its output: {file}")


def _is_ready(cluster: Cluster, service: Service) -> bool:
    return service.ready() if service.ready else listens(cluster.processes.get(service.name))


def listens(known: Process | None) -> bool:
    """Tell whether a process listens on its port, in whichever network it runs."""
    return known is not None and known.port is not None and ports.listens(known.port, known.pid)


def log(cluster: Cluster, service: str) -> Path:
    return cluster.logs / f"{service}.log"
