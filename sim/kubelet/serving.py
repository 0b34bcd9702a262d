"""The real Dynamo processes behind a graph's pods: one per frontend pod, one per worker pod that registers."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim import paths
from sim.cluster import logins, network, ports
from sim.state import Cluster, private_folder

FOLDER = paths.PROJECT / "sim" / "serving"
STOP_SECONDS = 3.0
SYSTEM_PORTS = range(10000, 20000)
"""A range below that of the simulation's own ports (sim.cluster.ports)."""


@dataclass
class Child:
    """A running process of Dynamo's environment. It ends with the agent, however that ends: see
    sim/serving/child.py."""

    process: asyncio.subprocess.Process
    reader: asyncio.Task[None]
    door: Path | None = None

    async def stop(self) -> None:
        """Terminate the process, which deregisters the worker from Dynamo; kill it if that takes too long."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self.reader.cancel()
        if self.door:
            self.door.unlink(missing_ok=True)


@dataclass(frozen=True)
class Place:
    """Where a graph's processes find each other: Dynamo's namespace, and from 1.x on that of Kubernetes."""

    namespace: str
    kubernetes: str = ""
    """The Kubernetes namespace; empty for 0.6.0, whose processes meet in etcd and NATS."""

    @property
    def tool(self) -> str:
        """Name of the release's environment among the cluster's tools."""
        return "dynamo-1.6" if self.kubernetes else "dynamo"

    @property
    def worker(self) -> Path:
        return FOLDER / ("worker_v1.py" if self.kubernetes else "worker.py")

    def env(self, cluster: Cluster) -> dict[str, str]:
        """Return the environment for discovery. Processes of 1.x use one folder per Kubernetes namespace, because they
        cannot reach the API server from their network. As under the operator, requests go over TCP and events over
        ZMQ."""
        if not self.kubernetes:
            return logins.dynamo(cluster)
        return {
            "HOME": str(private_folder(cluster.dynamo_dir / "home")),
            "DYN_DISCOVERY_BACKEND": "file",
            "DYN_FILE_KV": str(private_folder(cluster.dynamo_dir / "discovery" / self.kubernetes)),
            "DYN_REQUEST_PLANE": "tcp",
            "DYN_EVENT_PLANE": "zmq",
            "DYN_TCP_RPC_HOST": "127.0.0.1",
            "DYN_TCP_RESPONSE_STREAM_HOST": "127.0.0.1",
            "DYN_SELF_HOST_METADATA": "false",
            "DYN_SDK_DISABLE_ANSI_LOGGING": "1",
        }


@dataclass(frozen=True)
class Dynamo:
    """Starts Dynamo's processes in their own network."""

    cluster: Cluster
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def model_path(self) -> Path:
        """Return the folder of the small model that every worker serves; create it on the first call."""
        path = self.cluster.agent_dir / "model"
        async with self.making:
            if not path.exists():
                await self._make_model(path)
        return path

    async def _make_model(self, path: Path) -> None:
        command = [str(self.cluster.tools["dynamo"]), str(FOLDER / "model.py"), str(path)]
        made = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, errors = await made.communicate()
        if made.returncode:
            raise RuntimeError(f"the simulated model could not be made: {errors.decode(errors='replace')[-2000:]}")

    def _env(self, place: Place, system: int | None) -> dict[str, str]:
        """Return a process's environment. `system` is a worker's metrics port; a frontend's metrics are on its API
        port."""
        old = {} if place.kubernetes else {"DYN_SYSTEM_ENABLED": "true" if system else "false"}
        on = {"DYN_SYSTEM_HOST": "127.0.0.1", "DYN_SYSTEM_PORT": str(system)} if system else {}
        return os.environ | {
            **place.env(self.cluster),
            **old,
            **on,
            "DYN_LOGGING_DISABLE_ANSI_COLORS": "1",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    async def start(
        self, place: Place, arguments: list[str], write: Callable[[str], None], system: int | None = None
    ) -> Child:
        """Run a program of Dynamo's environment, passing each line that it prints to `write`."""
        command = [str(self.cluster.tools[place.tool]), str(FOLDER / "child.py"), *arguments]
        return await spawn(self.cluster, command, self._env(place, system), write)

    async def frontend(self, place: Place, write: Callable[[str], None]) -> tuple[Child, Path]:
        """Start a frontend; return it with the Unix socket that leads to its port."""
        port = free_port()
        door = self.cluster.sockets_dir / str(port)
        arguments = ["--http-host", "127.0.0.1", "--http-port", str(port), "--namespace", place.namespace]
        command = ["--door", str(door), str(port), "-m", "dynamo.frontend", *arguments]
        child = await self.start(place, command, write)
        child.door = door
        return child, door

    async def worker(self, place: Place, told: Sequence[str], write: Callable[[str], None]) -> tuple[Child, Path]:
        """Start a worker; return it with the Unix socket that leads to its metrics port."""
        port = system_port()
        door = self.cluster.sockets_dir / str(port)
        arguments = ["--namespace", place.namespace, "--model-path", str(await self.model_path()), *told]
        child = await self.start(place, ["--door", str(door), str(port), str(place.worker), *arguments], write, port)
        child.door = door
        return child, door


async def spawn(
    cluster: Cluster, command: Sequence[str], env: Mapping[str, str], write: Callable[[str], None]
) -> Child:
    """Start a program in Dynamo's network. The program should end when its standard input closes."""
    process = await asyncio.create_subprocess_exec(
        *network.inside(cluster),
        *command,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Child(process, asyncio.create_task(_copy(process, write)))


async def _copy(process: asyncio.subprocess.Process, write: Callable[[str], None]) -> None:
    assert process.stdout  # noqa: S101 - `spawn` requests a pipe
    async for line in process.stdout:
        write(line.decode(errors="replace").rstrip("\n"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def system_port() -> int:
    """Return a free port for a worker's metrics. The range stays below 32768, since Dynamo 1.6.1 reads the port as a
    signed 16-bit number."""
    tried = iter(lambda: random.choice(SYSTEM_PORTS), None)  # noqa: S311 - no secret depends on it
    return next(port for port in tried if ports.is_free(port))


async def answers(door: Path, path: str = "/health") -> bool:
    """Tell whether the server behind this socket answers with 200."""
    return " 200 " in (await ask(door, path)).partition("\n")[0]


async def ask(door: Path, path: str) -> str:
    """Return the response of the server behind this socket, headers first; empty if it does not answer."""
    try:
        reader, writer = await asyncio.open_unix_connection(door)
    except OSError:
        return ""
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        return (await reader.read()).decode(errors="replace")
    except OSError:
        return ""
    finally:
        writer.close()
