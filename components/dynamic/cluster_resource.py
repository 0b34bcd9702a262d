"""Resources that make nothing: they look at the cluster when they are created, or when they are deleted.

The engine imports these modules in a process of its own, also for a preview, which asks providers for differences
alone. So what looks at the cluster is imported where it looks.
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
"""What a resource is about. All else changes in place."""


@dataclass(frozen=True)
class ClusterAccess:
    """The cluster, as a ``kubernetes.Provider`` that a program makes by itself has it.

    Not set: that of the stack's config (``kubernetes:kubeconfig``, ``kubernetes:context``), else KUBECONFIG's.
    """

    kubeconfig: pulumi.Input[str] | None = None
    """A path, or the file's content; a secret from here on. It is kept in the state, and used from there at destroy."""
    context: pulumi.Input[str] | None = None

    def properties(self) -> dict[str, pulumi.Input[str]]:
        """What a provider finds it by; nothing that is not set."""
        kubeconfig = pulumi.Output.secret(self.kubeconfig) if self.kubeconfig is not None else None
        named = {"kubeconfig": kubeconfig, "context": self.context}
        return {key: value for key, value in named.items() if value is not None}


class ClusterProvider(ResourceProvider):
    """Base of their providers; each adds its ``create`` or ``delete``. Properties: namespace, deadlineSeconds and what
    it looks for: a graph, or a version of the platform.

    The engine keeps a provider in the state by its name, and calls it from there at destroy without running the
    program: nothing else of the program is needed then.
    """

    serialize_as_secret_always = False  # it holds nothing, and a readable state is worth something

    def __init_subclass__(cls) -> None:
        for name in {"create", "update", "delete"} & vars(cls).keys():
            setattr(cls, name, in_own_words(getattr(cls, name)))

    def configure(self, req: ConfigureRequest) -> None:
        end_quickly()
        interruption()  # from here on, for what waits in the program too
        self._kubeconfig: str | None = req.config.get("kubernetes:kubeconfig")
        self._context: str | None = req.config.get("kubernetes:context")

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        # The provider's own name is among them: destroy calls it by the one in the state, so that must be today's.
        differing = [key for key in {*_olds, *_news} if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(differing), replaces=[key for key in REPLACING if key in differing])

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['namespace']}/{props.get('graph', props.get('version'))}", dict(props))

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        return UpdateResult(dict(_news))

    def namespace(self, properties: Properties) -> KubeNamespace:
        """The namespace on the cluster that the Kubernetes provider uses too."""
        from wideep_cluster.kube import KubeNamespace

        own = "kubeconfig" in properties or "context" in properties
        kubeconfig = properties.get("kubeconfig") if own else self._kubeconfig
        context = properties.get("context") if own else self._context
        return KubeNamespace.connect(properties["namespace"], kubeconfig, context)
