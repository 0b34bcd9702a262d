"""The recorder for all mocks tests: it runs a program without engine or providers and records what it registers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from google.protobuf import json_format
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import Stack

from components.lifecycle.own_cluster import is_reachable
from components.lifecycle.state import read_stack_outputs

__all__ = ["DIGEST", "OWN", "UNKNOWN", "Engine", "Registered", "Secret", "run"]

PROJECT: Final = "dynamo-wideep"
DIGEST: Final = "sha256:" + "5" * 64
SEED: Final = "0123456789abcdef" * 6
MADE: Final[Mapping[str, Mapping[str, str]]] = {
    "docker-build:index:Image": {"digest": DIGEST},
    "random:index/randomPassword:RandomPassword": {"result": SEED},
}
"""Outputs that providers add once they have created a resource; unknown in a preview."""
OWN: Final = {"dynamo-wideep/stack": "organization/dynamo-wideep/test", "pulumi.com/patchForce": "true"}
"""Annotations of every object that a program in these tests creates."""
SECRET_MARK: Final = "4dabf18193072939515e22adb298388d"
UNKNOWN: Final = "<unknown>"
LOOPS: Final[list[asyncio.AbstractEventLoop]] = []


@dataclass(frozen=True)
class Secret:
    """A secret among the inputs."""

    value: Any


@dataclass(frozen=True)
class Registered:
    """A resource as the program registered it. It refers to other resources by their names."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """The inputs that the engine receives, with Secret around secrets and UNKNOWN for unknown values."""
    parent: str
    after: frozenset[str]
    """The resources that it depends on, without components."""
    protect: bool
    retain: bool
    timeout: str
    hooks: frozenset[str] = frozenset()
    """Names of the hooks bound to it, for all moments."""
    ignores: tuple[str, ...] = ()
    """Properties whose changes are ignored."""
    replaced_by: tuple[str, ...] = ()
    """Properties whose changes replace it."""
    deleted_first: bool = False
    """Whether the old resource is deleted before the new one is created."""
    once: frozenset[str] = frozenset()
    """Types that it may have in the state (aliases)."""


@dataclass
class Engine(Mocks):
    """The record of a run."""

    preview: bool = False
    state: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The state of an earlier run: the outputs of resources, by name."""
    resources: dict[str, Registered] = field(default_factory=dict)
    reads: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Type and id of each object that is only read, by name."""
    outputs: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    hooks: dict[str, Any] = field(default_factory=dict)
    """The hooks that the program has registered, by name."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made = {} if self.preview else MADE.get(args.typ, {})
        new_id = "" if self.preview else f"{args.name}-id"
        return args.resource_id or new_id, {**args.inputs, **made}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "pulumi:pulumi:readStackResourceOutputs":
            return {"outputs": {f"urn::{name}": {"outputs": outputs} for name, outputs in self.state.items()}}, []
        self.calls.append((args.token, args.args))
        return ({"sha256Digest": DIGEST} if args.token.endswith("getRegistryImage:getRegistryImage") else {}), []

    def types(self) -> dict[str, str]:
        """Return the type of each resource except components, by name."""
        return {r.name: r.type for r in self.resources.values() if not _is_component(r.type)}

    def of_type(self, ending: str) -> Registered:
        """Return the one resource, components excluded, whose type has this ending."""
        (found,) = [r for r in self.resources.values() if r.type.endswith(ending) and not _is_component(r.type)]
        return found

    def before(self, name: str) -> frozenset[str]:
        """Return all resources that a resource depends on, directly or indirectly."""
        found: set[str] = set()
        todo = [name]
        while todo:
            new = self.resources[todo.pop()].after - found
            found |= new
            todo += new
        return frozenset(found)


def run(
    program: Callable[[], object], *, preview: bool = False, state: Mapping[str, Mapping[str, Any]] | None = None
) -> Engine:
    """Run a program as `pulumi up`, or as a preview, would, and wait until everything is registered."""
    _keep_loop()
    engine = Engine(preview, state or {})
    read_stack_outputs.cache_clear()
    is_reachable.cache_clear()
    logger = logging.Logger("pulumi-mocks")
    logger.addHandler(_Keep(engine.log))
    set_mocks(engine, PROJECT, "test", preview, logger, _Recorder(engine), organization="organization")
    stack = pulumi.runtime.get_root_resource()
    assert isinstance(stack, Stack)
    stack.outputs.clear()
    stack._transformations = []  # reset those of an earlier run
    stack._async_program, stack._async_program_registration_closed = None, False
    SETTINGS.callbacks = _Hooks(engine)

    async def observed() -> None:
        program()
        main = stack._take_async_program()
        if main is not None:
            await main()
        for name, value in stack.outputs.items():
            engine.outputs[name] = UNKNOWN
            pulumi.Output.from_input(value).apply(lambda known, name=name: engine.outputs.update({name: known}))

    pulumi.runtime.test(observed)()
    return engine


def _keep_loop() -> None:
    """Keep the SDK's event loop alive as long as the tests. `asyncio.run` in another test drops it; the garbage
    collector would then report it, and the loops of ended threads, as unclosed in the middle of yet another test."""
    try:
        loop = asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    if loop not in LOOPS:
        LOOPS.append(loop)


class _Recorder(MockMonitor):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine = engine

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        self._engine.reads[request.name] = (request.type, request.id)
        return super().ReadResource(request)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.type != "pulumi:pulumi:Stack":
            self._engine.resources[request.name] = Registered(
                type=request.type,
                name=request.name,
                inputs=_plain(json_format.MessageToDict(request.object)),
                parent=_name(request.parent),
                after=frozenset(_names(request)),
                protect=request.protect,
                retain=request.retainOnDelete,
                timeout=request.customTimeouts.create,
                hooks=frozenset(_bound(request.hooks)),
                ignores=tuple(request.ignoreChanges),
                replaced_by=tuple(request.replaceOnChanges),
                deleted_first=request.deleteBeforeReplace,
                once=frozenset(alias.spec.type for alias in request.aliases if alias.spec.type),
            )
            if request.name not in self._engine.state:
                self._before_create(request)
        return super().RegisterResource(request)

    def _before_create(self, request: Any) -> None:
        """Call the before-create hooks as the engine does for resources not in its state; their exceptions end the
        program."""
        made = self._engine.resources[request.name]
        for name in request.hooks.before_create:
            options = self._engine.hooks[name].opts
            if self._engine.preview and not (options and options.on_dry_run):
                continue
            args = pulumi.ResourceHookArgs("urn", "", made.name, made.type, new_inputs=made.inputs)
            self._engine.hooks[name].callback(args)


class _Hooks:
    """The engine's callbacks with which the SDK registers hooks, without a server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def register_resource_hook(self, hook: Any) -> None:
        assert hook.name not in self._engine.hooks, f"hook {hook.name} is registered twice"
        self._engine.hooks[hook.name] = hook

    register_error_hook = register_resource_hook


class _Keep(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def _names(request: Any) -> Iterator[str]:
    urns = {*request.dependencies, *(urn for p in request.propertyDependencies.values() for urn in p.urns)}
    return (_name(urn) for urn in urns if not _is_component(urn.split("::")[2].split("$")[-1]))


def _bound(hooks: Any) -> Iterator[str]:
    for moment in ("before_create", "before_update", "on_error"):
        yield from getattr(hooks, moment)


def _is_component(type_: str) -> bool:
    return type_.startswith(f"{PROJECT}:index:")


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if SECRET_MARK in value:
            return Secret(_plain(value.get("value")))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value
