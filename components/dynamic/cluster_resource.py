"""Resources that create nothing: they inspect the cluster when they are created or deleted.

The engine imports these modules in a separate process, even for a preview, which asks providers only for diffs. Modules
that access the cluster are therefore imported inside the functions that use them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, ResourceProvider, UpdateResult

from wideep_cluster.cancellation import end_quickly, in_own_words, interruption

if TYPE_CHECKING:
    from wideep_cluster.kube import KubeNamespace

__all__ = ["ClusterAccess", "ClusterProvider", "Properties"]

Properties = Mapping[str, Any]
REPLACING: Final = ("namespace", "graph", "version")
"""Properties that identify what a resource is about: a change of one replaces the resource. All others change in
place."""


@dataclass(frozen=True)
class ClusterAccess:
    """How to reach the cluster, for a program that creates its own ``kubernetes.Provider``.

    If neither field is set, the stack's config applies (``kubernetes:kubeconfig``, ``kubernetes:context``), else
    KUBECONFIG.
    """

    kubeconfig: pulumi.Input[str] | None = None
    """A path, or the content of the file; treated as a secret. It is stored in the state, and destroy reads it from
    there."""
    context: pulumi.Input[str] | None = None

    def properties(self) -> dict[str, pulumi.Input[str]]:
        """Return the properties from which a provider connects; those that are not set are left out."""
        kubeconfig = pulumi.Output.secret(self.kubeconfig) if self.kubeconfig is not None else None
        named = {"kubeconfig": kubeconfig, "context": self.context}
        return {key: value for key, value in named.items() if value is not None}


class ClusterProvider(ResourceProvider):
    """Base class of the providers; each adds its own ``create`` or ``delete``. Properties: namespace, deadlineSeconds
    and the object to look for: a graph, or a version of the platform.

    The state refers to a provider by its name. On destroy, the engine calls it from there without running the program,
    so nothing else of the program is needed.
    """

    serialize_as_secret_always = False  # the provider holds no secret, and this keeps the state readable

    def __init_subclass__(cls) -> None:
        for name in {"create", "update", "delete"} & vars(cls).keys():
            setattr(cls, name, in_own_words(getattr(cls, name)))

    def configure(self, req: ConfigureRequest) -> None:
        end_quickly()
        interruption()  # installs the handler of Ctrl-C early: hooks that wait in the program's process need it too
        self._kubeconfig: str | None = req.config.get("kubernetes:kubeconfig")
        self._context: str | None = req.config.get("kubernetes:context")

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        # The properties include the provider's name. Destroy calls it by the name in the state, which must be current.
        differing = [key for key in {*_olds, *_news} if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(differing), replaces=[key for key in REPLACING if key in differing])

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['namespace']}/{props.get('graph', props.get('version'))}", dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        return UpdateResult(dict(_news))

    def namespace(self, properties: Properties) -> KubeNamespace:
        """Return the namespace on the cluster that the Kubernetes provider uses."""
        from wideep_cluster.kube import KubeNamespace

        own = "kubeconfig" in properties or "context" in properties
        kubeconfig = properties.get("kubeconfig") if own else self._kubeconfig
        context = properties.get("context") if own else self._context
        return KubeNamespace.connect(properties["namespace"], kubeconfig, context)
