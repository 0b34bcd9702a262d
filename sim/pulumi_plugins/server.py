"""The gRPC server that all stand-in plugins share, and their messages to the engine.

It uses only Pulumi's generated protocol modules, not the SDK for provider authors, which cannot send status messages
and does not tell a plugin that it was cancelled.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)

from sim.pulumi_plugins import values

# The engine calls all independent resources at once, and a call may wait for minutes; idle threads cost nothing.
MAX_CALLS = 256
MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes; the engine's own limit for one message


class Level(Enum):
    """Severities of a message to the engine."""

    INFO = engine_pb2.INFO
    WARNING = engine_pb2.WARNING
    ERROR = engine_pb2.ERROR


class PluginError(Exception):
    """A failed call; the engine prints its text under the resource."""

    code = grpc.StatusCode.UNKNOWN


class CancelledError(PluginError):
    """A call that ended because the user cancelled the update."""

    code = grpc.StatusCode.CANCELLED


class Engine:
    """The engine's log: permanent messages, and the status column of a resource that is in progress."""

    def __init__(self, address: str | None) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None
        self._shown: dict[str, str] = {}  # the last status of each resource

    def log(self, level: Level, message: str, urn: str = "", *, status: bool = False) -> None:
        """Print a message under the resource, or (`status`) show it while the resource is in progress."""
        if self._stub is None:
            return
        request = engine_pb2.LogRequest(severity=level.value, message=message, urn=urn, ephemeral=status)
        try:
            self._stub.Log(request, timeout=10)
        except grpc.RpcError as error:
            # An engine that shuts down does not listen; the call's own result still says how it ended.
            print(f"cannot log to the engine: {error}", file=sys.stderr)

    def status(self, urn: str, message: str, level: Level = Level.INFO) -> None:
        """Show a message once while the resource is in progress; an empty one clears it."""
        if self._shown.get(urn, "") != message:
            self._shown[urn] = message
            self.log(level, message, urn, status=True)


class ProviderBase:
    """The calls that all stand-ins answer alike. A method raises PluginError for a call that fails."""

    name: str
    version: str

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cancelled = threading.Event()

    def get_plugin_info(self, request: empty_pb2.Empty) -> plugin_pb2.PluginInfo:
        """Return the version that the SDK requires."""
        return plugin_pb2.PluginInfo(version=self.version)

    def get_schema(self, request: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        """Return a schema without types: the Python SDK has its own, and nothing else here reads it."""
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "{self.name}", "version": "{self.version[1:]}"}}')

    def attach(self, request: plugin_pb2.PluginAttach) -> empty_pb2.Empty:
        """Connect to an engine that did not start this plugin (`PULUMI_DEBUG_PROVIDERS`)."""
        self.engine = Engine(request.address)
        return empty_pb2.Empty()

    def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Accept the provider's configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def diff_config(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Return which keys of the provider's configuration changed; none of them replaces the provider."""
        olds, news = values.decode(request.olds), values.decode(request.news)
        diffs = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if diffs else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=diffs)

    def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Announce support for secrets and previews."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def cancel(self, request: empty_pb2.Empty) -> empty_pb2.Empty:
        """Cancel every call that waits."""
        self.cancelled.set()
        return empty_pb2.Empty()


MakeProvider = Callable[[Engine], ProviderBase]

# The protocol's calls that a stand-in may answer; all others are "not implemented", as the engine expects.
CALLS: Final = {
    "Attach": "attach",
    "Cancel": "cancel",
    "Check": "check",
    "CheckConfig": "check_config",
    "Configure": "configure",
    "Create": "create",
    "Delete": "delete",
    "Diff": "diff",
    "DiffConfig": "diff_config",
    "GetPluginInfo": "get_plugin_info",
    "GetSchema": "get_schema",
    "Invoke": "invoke",
    "Read": "read",
    "Update": "update",
}


class Service(provider_pb2_grpc.ResourceProviderServicer):
    """The gRPC service for a provider."""

    def __init__(self, provider: ProviderBase) -> None:
        for call, name in CALLS.items():
            if method := getattr(provider, name, None):
                setattr(self, call, _answering(method))


def _answering(method: Callable[[Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(request)
        except PluginError as error:
            context.abort(error.code, str(error))

    return call


def serve(provider: MakeProvider, arguments: list[str], at_end: Callable[[], None] = lambda: None) -> None:
    """Run a plugin: print its port, answer the engine's calls, end with the engine.

    Args:
        provider: Makes the plugin's provider.
        arguments: The command line after the program's name; the first is the engine's address.
        at_end: Called when the engine is gone.
    """
    server, port = _start(provider, Engine(next((word for word in arguments if not word.startswith("-")), None)))
    signal.signal(signal.SIGINT, lambda *_: server.stop(0))  # the engine ends its plugins with SIGINT: no traceback
    print(port, flush=True)
    _end_with(os.getppid(), at_end)
    server.wait_for_termination()


def serve_attached(providers: Mapping[str, MakeProvider], at_end: Callable[[], None]) -> None:
    """Run plugins in one process, for an engine that attaches to them; they end with the process that started them.

    Prints the value for the engine's variable PULUMI_DEBUG_PROVIDERS: `NAME:PORT,NAME:PORT`.
    """
    started = {name: _start(provider, Engine(None)) for name, provider in providers.items()}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C also reaches the engine, which then cancels
    print(",".join(f"{name}:{port}" for name, (_, port) in started.items()), flush=True)
    _end_with(os.getppid(), at_end)
    for server, _ in started.values():
        server.wait_for_termination()


def _start(provider: MakeProvider, engine: Engine) -> tuple[grpc.Server, int]:
    """Start the plugin's server; return it with its port."""
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.server(ThreadPoolExecutor(max_workers=MAX_CALLS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Service(provider(engine)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _end_with(parent: int, at_end: Callable[[], None]) -> None:
    """End this process once the engine that started it is gone, even if it was killed.

    A plugin built with Pulumi's own SDK checks for the engine every few minutes; here once a second is soon enough.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        at_end()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="engine-watch").start()
