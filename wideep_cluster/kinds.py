"""The kinds of objects that are read: where the API has them, and the model of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from wideep.dynamo.api import V1ALPHA1
from wideep_cluster import objects
from wideep_cluster.objects import KubeObject

__all__ = [
    "CLAIMS",
    "CLASSES",
    "COMPONENTS",
    "DAEMON_SETS",
    "DEFINITIONS",
    "DEPLOYMENTS",
    "EVENTS",
    "GRAPHS",
    "JOBS",
    "NAMESPACES",
    "NETWORK_POLICIES",
    "NODES",
    "PODS",
    "QUOTAS",
    "SECRETS",
    "SERVICES",
    "STATEFUL_SETS",
    "VOLUMES",
    "Kind",
]

T_co = TypeVar("T_co", bound=KubeObject, covariant=True)


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """A kind of object. ``root`` is the path of its group and version."""

    model: type[T_co]
    root: str
    plural: str
    namespaced: bool = True
    metadata_only: bool = False
    """The server sends names and labels only."""

    @property
    def resource(self) -> str:
        """As a Role names it: ``pods``, ``dynamographdeployments.nvidia.com``."""
        group = self.root.split("/")[2] if self.root.startswith("/apis/") else ""
        return f"{self.plural}.{group}" if group else self.plural

    def path(self, namespace: str | None, name: str = "") -> str:
        """Of all objects, of those of a namespace, or of one object."""
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{place}/{self.plural}" + (f"/{name}" if name else "")

    def where(self, namespace: str | None) -> str:
        """For sentences."""
        return f"in namespace {namespace}" if self.namespaced and namespace else "on the cluster"


CORE: Final = "/api/v1"

NODES: Final = Kind(objects.Node, CORE, "nodes", namespaced=False)
NAMESPACES: Final = Kind(objects.Namespace, CORE, "namespaces", namespaced=False)
PODS: Final = Kind(objects.Pod, CORE, "pods")
EVENTS: Final = Kind(objects.Event, CORE, "events")
SERVICES: Final = Kind(objects.Service, CORE, "services")
CLAIMS: Final = Kind(objects.Claim, CORE, "persistentvolumeclaims")
QUOTAS: Final = Kind(objects.Quota, CORE, "resourcequotas")
SECRETS: Final = Kind(objects.Secret, CORE, "secrets", metadata_only=True)
CLASSES: Final = Kind(objects.StorageClass, "/apis/storage.k8s.io/v1", "storageclasses", namespaced=False)
VOLUMES: Final = Kind(objects.Volume, CORE, "persistentvolumes", namespaced=False)
DEPLOYMENTS: Final = Kind(objects.Deployment, "/apis/apps/v1", "deployments")
DAEMON_SETS: Final = Kind(objects.DaemonSet, "/apis/apps/v1", "daemonsets")
STATEFUL_SETS: Final = Kind(objects.StatefulSet, "/apis/apps/v1", "statefulsets")
JOBS: Final = Kind(objects.Job, "/apis/batch/v1", "jobs")
COMPONENTS: Final = Kind(objects.KubeObject, V1ALPHA1.path, V1ALPHA1.component_plural)
GRAPHS: Final = Kind(objects.Graph, V1ALPHA1.path, V1ALPHA1.plural)
NETWORK_POLICIES: Final = Kind(objects.NetworkPolicy, "/apis/networking.k8s.io/v1", "networkpolicies")
DEFINITIONS: Final = Kind(
    objects.Definition,
    "/apis/apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    namespaced=False,
    metadata_only=True,
)
