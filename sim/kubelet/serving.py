"""The real Dynamo processes behind a graph's pods: one for each frontend pod, one for the first pod of each worker."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sim import paths
from sim.cluster import logins, network
from sim.state import Cluster

logger = logging.getLogger(__name__)
FOLDER = paths.PROJECT / "sim" / "serving"
STOP_SECONDS = 3.0


@dataclass
class Child:
    """A running process of Dynamo's environment. It ends with the agent, whatever ends that: sim/serving/child.py."""

    process: asyncio.subprocess.Process
    reader: asyncio.Task[None]
    door: Path | None = None

    async def stop(self) -> None:
        """A clean stop, which takes the worker off Dynamo's list; SIGKILL when that takes too long."""
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
class Dynamo:
    """Starts Dynamo's processes in their own network, with the etcd and NATS of this simulation."""

    cluster: Cluster
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def python(self) -> Path:
        return self.cluster.tools["dynamo"]

    async def model_path(self) -> Path:
        """The folder of the small model that every worker serves; made once."""
        path = self.cluster.agent_dir / "model"
        async with self.making:
            if not path.exists():
                await self._make_model(path)
        return path

    async def _make_model(self, path: Path) -> None:
        command = [str(self.python), str(FOLDER / "model.py"), str(path)]
        made = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, errors = await made.communicate()
        if made.returncode:
            raise RuntimeError(f"the simulated model could not be made: {errors.decode(errors='replace')[-2000:]}")

    def _env(self) -> dict[str, str]:
        return os.environ | {
            **logins.dynamo(self.cluster),
            "DYN_SYSTEM_ENABLED": "false",
            "DYN_LOGGING_DISABLE_ANSI_COLORS": "1",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    async def start(self, arguments: list[str], write: Callable[[str], None]) -> Child:
        """Runs a program of Dynamo's environment; each line that it prints goes to `write`."""
        process = await asyncio.create_subprocess_exec(
            *network.inside(self.cluster),
            str(self.python),
            str(FOLDER / "child.py"),
            *arguments,
            env=self._env(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return Child(process, asyncio.create_task(_copy(process, write)))

    async def frontend(self, namespace: str, write: Callable[[str], None]) -> tuple[Child, Path]:
        """A frontend, and the Unix socket that leads to its port."""
        port = free_port()
        door = self.cluster.sockets_dir / str(port)
        arguments = ["--http-host", "127.0.0.1", "--http-port", str(port), "--namespace", namespace]
        child = await self.start(["--door", str(door), str(port), "-m", "dynamo.frontend", *arguments], write)
        child.door = door
        return child, door

    async def worker(self, role: str, namespace: str, model: str, about: str, write: Callable[[str], None]) -> Child:
        arguments = ["--role", role, "--namespace", namespace, "--model-name", model]
        arguments += ["--model-path", str(await self.model_path()), "--about", about]
        return await self.start([str(FOLDER / "worker.py"), *arguments], write)


async def _copy(process: asyncio.subprocess.Process, write: Callable[[str], None]) -> None:
    assert process.stdout  # noqa: S101 - it was asked for
    async for line in process.stdout:
        write(line.decode(errors="replace").rstrip("\n"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def answers(door: Path) -> bool:
    """Whether the frontend behind this socket answers /health with 200."""
    try:
        reader, writer = await asyncio.open_unix_connection(door)
    except OSError:
        return False
    try:
        writer.write(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
