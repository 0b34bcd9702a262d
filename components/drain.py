"""Stands between the platform and a graph, so that the platform goes only when nothing of the graph is left."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.base import Component
from components.draining import drain
from components.kube import KubeNamespace

__all__ = ["Drain", "DrainArgs", "DrainProvider"]

Properties = Mapping[str, Any]


class DrainProvider(ResourceProvider):
    """Does nothing until the end: its ``delete`` returns when the graph's children are gone.

    The engine keeps it in the state by its name, and calls it from there at destroy, without running the program.
    """

    serialize_as_secret_always = False  # it holds nothing, and a readable state is worth something

    def configure(self, req: ConfigureRequest) -> None:
        self._kubeconfig: str | None = req.config.get("kubernetes:kubeconfig")
        self._context: str | None = req.config.get("kubernetes:context")
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)  # a refusal is read by a person: no traceback

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        replaces = [key for key in ("namespace", "graph") if _olds.get(key) != _news.get(key)]
        changed = bool(replaces) or _olds.get("deadlineSeconds") != _news.get("deadlineSeconds")
        return DiffResult(changes=changed, replaces=replaces)

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['namespace']}/{props['graph']}", dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Properties) -> None:
        place = KubeNamespace.connect(_props["namespace"], self._kubeconfig, self._context)
        drain(place, _props["graph"], int(_props["deadlineSeconds"]), pulumi.log.info)


class GraphDrain(Resource, module="dynamo-wideep", name="GraphDrain"):
    """The resource behind the component."""


@dataclass(frozen=True)
class DrainArgs:
    """Which graph is waited for, and how long (seconds)."""

    namespace: pulumi.Input[str]
    graph: str
    needs: tuple[pulumi.Resource, ...]
    """What the graph's objects need to the last: the operator that ends them, the volume and Secret of its pods."""
    deadline_seconds: int = 900


class Drain(Component):
    """What the graph depends on, so that destroy takes graph, drain and the rest in this order.

    A resource and not a delete hook: hooks run the program, which `pulumi destroy` does only with --run-program.

    >>> drain = Drain("drain", DrainArgs("dynamo-workshop", "sgl-dsr1", needs=(platform, cache, token)))
    """

    def __init__(self, name: str, args: DrainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        properties = {
            "namespace": args.namespace,
            "graph": args.graph,
            "deadlineSeconds": args.deadline_seconds,
        }
        GraphDrain(DrainProvider(), f"{name}-graph", properties, self.child(after=args.needs))
        self.register_outputs({})
