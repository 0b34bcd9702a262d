"""A stand-in plugin as the engine runs it: a process of its own, spoken to over gRPC."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

CHECKOUT = Path(__file__).resolve().parents[2]
REQUESTS = {
    "CheckConfig": provider_pb2.CheckRequest,
    "DiffConfig": provider_pb2.DiffRequest,
    "Configure": provider_pb2.ConfigureRequest,
    "Check": provider_pb2.CheckRequest,
    "Diff": provider_pb2.DiffRequest,
    "Create": provider_pb2.CreateRequest,
    "Read": provider_pb2.ReadRequest,
    "Update": provider_pb2.UpdateRequest,
    "Delete": provider_pb2.DeleteRequest,
    "Invoke": provider_pb2.InvokeRequest,
}


class Engine(engine_pb2_grpc.EngineServicer):
    """Listens to what a plugin logs."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        if request.message:
            self.messages.append(request.message)
        return empty_pb2.Empty()


@dataclass
class Answer:
    """A call's response as JSON has it, or its error and the state that came with it."""

    response: dict[str, Any] | None
    error: str = ""
    code: str = ""
    partial: dict[str, Any] = field(default_factory=dict)


class Plugin:
    """A running plugin."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub, engine: Engine) -> None:
        self._stub, self.engine = stub, engine

    def call(self, method: str, request: dict[str, Any] | None = None) -> Answer:
        """One call; the request is spelt as in the recordings."""
        message = REQUESTS.get(method, empty_pb2.Empty)()
        json_format.ParseDict(request or {}, message)
        try:
            answer = getattr(self._stub, method)(message, timeout=60)
        except grpc.RpcError as error:
            return Answer(None, error.details() or "", error.code().name, _partial(error))
        return Answer(json_format.MessageToDict(answer))


def _partial(error: Any) -> dict[str, Any]:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            detail = provider_pb2.ErrorResourceInitFailed()
            status_pb2.Status.FromString(value).details[0].Unpack(detail)
            return json_format.MessageToDict(detail)
    return {}


@contextmanager
def running(name: str, folder: Path, **environment: str) -> Iterator[Plugin]:
    """Start a plugin in a folder, as the engine does for a program in it, with nothing but this environment added."""
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    command = [sys.executable, "-P", "-m", "sim.plugins", name, address]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "KUBECONFIG": str(folder / "none"), **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=env) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Plugin(provider_pb2_grpc.ResourceProviderStub(channel), engine)
        finally:
            process.kill()
            server.stop(None)


def recorded(path: Path) -> list[dict[str, Any]]:
    """The calls of one recording, in order."""
    return [json.loads(line) for line in path.read_text().splitlines()]
