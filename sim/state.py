"""The state of a running simulation, kept in its cluster.json: the one file that the plugins and the agent read."""

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
"""Name of the registry inside the simulation; only the stand-ins for the image plugins resolve it."""


class Network(StrEnum):
    """How Dynamo's processes get a network that no other user of this machine can reach."""

    OWN = "own"
    """A network namespace created as root."""
    OWN_AS_USER = "own, as user"
    """A network namespace within a user namespace."""
    SHARED = "shared"
    """The machine's loopback, if the kernel does not let the user create either namespace."""


class Process(BaseModel):
    """A process that the simulation started. `started`, in seconds since boot, tells it from a later one with its
    pid."""

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
    """Open only while an operator of Dynamo 1.x runs."""


class Cluster(BaseModel):
    """One simulation: its ports, its files and its processes.

    Everything that runs beside it (plugins, agent, tests) reads it; only `python -m sim up` and `down` write it.
    """

    id: str
    directory: Path
    stack: str
    ports: Ports
    registry_alias: str = REGISTRY
    password: str = Field(default_factory=lambda: secrets.token_hex(16), repr=False)
    """Password of user `sim` at the registry and at NATS."""
    network: Network | None = None
    """None until it has been chosen."""
    nodes: list[str] = Field(default_factory=list)
    tools: dict[str, Path] = Field(default_factory=dict)
    """Path of each tool's binary by its usual name: helm, kubectl, crane …"""
    plugins: dict[str, str] = Field(default_factory=dict)
    """For each Pulumi plugin by name: whether it is the real one, and where it comes from."""
    created: bool = False
    """Whether the control plane was once created completely: if so, dead components can simply be started again."""
    processes: dict[str, Process] = Field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def kube_api(self) -> str:
        return f"https://127.0.0.1:{self.ports.kube_apiserver}"

    @property
    def registry(self) -> str:
        """HOST:PORT of the registry. Image references use `registry_alias`, which only the stand-in plugins resolve."""
        return f"127.0.0.1:{self.ports.registry}"

    @property
    def etcd_endpoint(self) -> str:
        """URL of Dynamo's own etcd (not the control plane's), in Dynamo's network; clients need a certificate."""
        return f"https://127.0.0.1:{self.ports.dynamo_etcd}"

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports.nats}"

    @property
    def pki(self) -> Path:
        """kwokctl's folder of certificates: ca.crt, and admin.crt with admin.key, which servers and clients share."""
        return self.directory / "kwok" / "clusters" / f"sim-{self.id}" / "pki"

    @property
    def docker_config(self) -> Path:
        """The folder with the registry's login, for crane and Helm."""
        return self.directory / "docker"

    @property
    def pods_dir(self) -> Path:
        """Folder of the kubelet's NAMESPACE/POD.json files: see sim/go/kwok/kubelet/pods.go."""
        return self.directory / "pods"

    @property
    def sockets_dir(self) -> Path:
        """Folder of the sockets that lead into Dynamo's network. Short, because a socket's path is limited to 107
        bytes."""
        return self.directory / "s"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def registry_dir(self) -> Path:
        return self.directory / "registry"

    @property
    def dynamo_dir(self) -> Path:
        """Data of Dynamo's etcd and NATS."""
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
        """The file that the agent writes when it is ready; it is removed before the agent starts."""
        return self.agent_dir / "ready"

    @property
    def file(self) -> Path:
        return self.directory / "cluster.json"

    def save(self) -> Self:
        """Write cluster.json atomically, so that no reader sees half of it."""
        private_folder(self.directory)
        write_private(self.file, self.model_dump_json(indent=2) + "\n")
        return self


def private_folder(folder: Path) -> Path:
    """Make the folder, with its parents, accessible to its owner only, even if it already exists."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write the file atomically, readable by its owner only."""
    half = file.with_name(f"{file.name}.tmp")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    half.replace(file)


def load(file: Path | None = None) -> Cluster | None:
    """Return the simulation of `file`, else of $SIM_CLUSTER, else of this checkout; None if there is none.

    Raises SimError for a file that this version of the simulation cannot read.
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
