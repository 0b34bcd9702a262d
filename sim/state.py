"""What is known of a running simulation, kept in its cluster.json: the one file the plugins and the agent read."""

import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim import paths
from sim.errors import SimError

__all__ = ["REGISTRY", "Cluster", "Network", "Ports", "Process", "SimError", "load", "private_folder", "write_private"]


REGISTRY: Final = "registry.sim"
"""The name of the registry inside the simulation, which only the stand-ins of the image plugins resolve."""


class Network(StrEnum):
    """How Dynamo's processes come by a network that nobody else of this machine reaches."""

    OWN = "own"
    """A network namespace, made by root."""
    OWN_AS_USER = "own, as user"
    """A network namespace within a user namespace."""
    SHARED = "shared"
    """The machine's loopback, where the kernel lets the user make neither."""


class Process(BaseModel):
    """A process that the simulation started. `started`, in seconds since boot, tells it from a later one of its pid."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float
    port: int | None = None
    log: Path


class Ports(BaseModel):
    """The loopback ports of one simulation, chosen among the free ones when it first comes up."""

    model_config = ConfigDict(frozen=True)

    etcd: int
    etcd_peer: int
    kube_apiserver: int
    kube_controller_manager: int
    kube_scheduler: int
    kubelet: int
    registry: int
    dynamo_etcd: int
    dynamo_etcd_peer: int
    nats: int
    webhooks: int
    """Open only while an operator of Dynamo 1.x lives."""


class Cluster(BaseModel):
    """One simulation: where it listens, where it writes, which processes it is made of.

    Shared with everything that runs beside it (plugins, agent, tests); only `python -m sim up` and `down` write it.
    """

    id: str
    directory: Path
    stack: str
    ports: Ports
    registry_alias: str = REGISTRY
    password: str = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    """Of user `sim` at the registry and at NATS."""
    network: Network | None = None
    """None until it was tried."""
    nodes: list[str] = Field(default_factory=list)
    tools: dict[str, Path] = Field(default_factory=dict)
    """Each tool's binary, by its usual name: helm, kubectl, crane …"""
    plugins: dict[str, str] = Field(default_factory=dict)
    """By name of Pulumi's plugin: whether it is the real one, and where that comes from."""
    created: bool = False
    """The control plane was made in full once: what of it has died can simply be started again."""
    processes: dict[str, Process] = Field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def kube_api(self) -> str:
        return f"https://127.0.0.1:{self.ports.kube_apiserver}"

    @property
    def registry(self) -> str:
        """HOST:PORT of the registry; references name it `registry_alias`, which only the stand-in plugins resolve."""
        return f"127.0.0.1:{self.ports.registry}"

    @property
    def etcd_endpoint(self) -> str:
        """Dynamo's own etcd, which is not the control plane's. In Dynamo's network, for those with a certificate."""
        return f"https://127.0.0.1:{self.ports.dynamo_etcd}"

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports.nats}"

    @property
    def pki(self) -> Path:
        """kwokctl's: ca.crt, and admin.crt with admin.key, the one certificate of servers and clients alike."""
        return self.directory / "kwok" / "clusters" / f"sim-{self.id}" / "pki"

    @property
    def docker_config(self) -> Path:
        """The folder with the registry's login, for crane and Helm."""
        return self.directory / "docker"

    @property
    def pods_dir(self) -> Path:
        """NAMESPACE/POD.json for the kubelet: sim/go/kwok/kubelet/pods.go."""
        return self.directory / "pods"

    @property
    def sockets_dir(self) -> Path:
        """Where Dynamo's frontends are reached from outside of their network. Short: a socket's path has 107 bytes."""
        return self.directory / "s"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def registry_dir(self) -> Path:
        return self.directory / "registry"

    @property
    def dynamo_dir(self) -> Path:
        """The data of Dynamo's etcd and NATS."""
        return self.directory / "dynamo"

    @property
    def pulumi_home(self) -> Path:
        return self.directory / "pulumi"

    @property
    def pulumi_state(self) -> Path:
        return self.directory / "state"

    @property
    def agent_dir(self) -> Path:
        return self.directory / "agent"

    @property
    def agent_ready(self) -> Path:
        """Written by the agent when it is ready, removed before it starts."""
        return self.agent_dir / "ready"

    @property
    def file(self) -> Path:
        return self.directory / "cluster.json"

    def save(self) -> Self:
        """Writes cluster.json in one step, so that a reader never sees half of it."""
        private_folder(self.directory)
        write_private(self.file, self.model_dump_json(indent=2) + "\n")
        return self


def private_folder(folder: Path) -> Path:
    """Makes the folder, with its parents, for its owner alone; takes others' rights to one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str) -> None:
    """Writes the file for its owner alone, in one step."""
    half = file.with_name(f"{file.name}.tmp")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    half.replace(file)


def load(file: Path | None = None) -> Cluster | None:
    """The simulation of `file`, else of $SIM_CLUSTER, else of this checkout; None where there is none.

    Raises SimError for a file that cannot be read as one.
    """
    named = os.environ.get("SIM_CLUSTER")
    path = file or (Path(named) if named else paths.cluster_dir() / "cluster.json")
    try:
        return Cluster.model_validate_json(path.read_text())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise SimError(
            f"{path} is not of this version of the simulation: run `python -m sim down`, then `python -m sim up`"
        ) from error
