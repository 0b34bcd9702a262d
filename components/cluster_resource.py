"""Resources that make nothing: they look at the cluster when they are created, or when they are deleted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.kube import KubeNamespace

__all__ = ["ClusterProvider", "Properties"]

Properties = Mapping[str, Any]


class ClusterProvider(ResourceProvider):
    """Base of their providers; each adds its ``create`` or ``delete``. Properties: namespace, deadlineSeconds and what
    it looks for: a graph, or a version of the platform.

    The engine keeps a provider in the state by its name, and calls it from there at destroy without running the
    program: nothing else of the program is needed then.
    """

    serialize_as_secret_always = False  # it holds nothing, and a readable state is worth something

    def configure(self, req: ConfigureRequest) -> None:
        self._kubeconfig: str | None = req.config.get("kubernetes:kubeconfig")
        self._context: str | None = req.config.get("kubernetes:context")
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL)  # a refusal is read by a person: no traceback

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        replaces = [key for key in ("namespace", "graph", "version") if _olds.get(key) != _news.get(key)]
        changed = bool(replaces) or _olds.get("deadlineSeconds") != _news.get("deadlineSeconds")
        return DiffResult(changes=changed, replaces=replaces)

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['namespace']}/{props.get('graph', props.get('version'))}", dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        return UpdateResult(dict(_news))

    def namespace(self, properties: Properties) -> KubeNamespace:
        """The namespace on the cluster that the Kubernetes provider uses too."""
        return KubeNamespace.connect(properties["namespace"], self._kubeconfig, self._context)
