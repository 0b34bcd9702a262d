"""The kinds of objects that are read: their paths in the API, and the model of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from wideep.dynamo.api import GROUP, V1ALPHA1, GraphApi
from wideep_cluster import objects
from wideep_cluster.objects import KubeObject, admission

__all__ = [
    "CLAIMS",
    "CLASSES",
    "CLIQUE_SETS",
    "COMPONENTS",
    "CONFIG_MAPS",
    "CRDS",
    "DAEMON_SETS",
    "DEFINITIONS",
    "DEPLOYMENTS",
    "ENDPOINT_SLICES",
    "EVENTS",
    "GRAPHS",
    "GRAPH_GROUP",
    "INGRESSES",
    "JOBS",
    "MUTATING_WEBHOOKS",
    "NAMESPACES",
    "NETWORK_POLICIES",
    "NODES",
    "PODS",
    "QUOTAS",
    "RECORDS",
    "SECRETS",
    "SERVICES",
    "STATEFUL_SETS",
    "VALIDATING_WEBHOOKS",
    "VOLUMES",
    "Kind",
    "components",
    "graphs",
]

T_co = TypeVar("T_co", bound=KubeObject, covariant=True)


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """A kind of object. ``root`` is the path of its group and version; ``GRAPH_GROUP`` stands for the version in which
    the cluster serves graphs."""

    model: type[T_co]
    root: str
    plural: str
    namespaced: bool = True
    metadata_only: bool = False
    """Whether only the metadata is requested: names, labels and annotations."""
    optional: bool = False
    """Whether the list is empty, instead of an error, if the user may not list them."""
    name: str = ""
    """The kind in a manifest; set for kinds that messages name."""

    @property
    def resource(self) -> str:
        """The name in a Role: ``pods``, ``dynamographdeployments.nvidia.com``."""
        group = self.root.split("/")[2] if self.root.startswith("/apis/") else ""
        return f"{self.plural}.{group}" if group else self.plural

    def path(self, namespace: str | None, name: str = "") -> str:
        """Return the path of all objects, of those of a namespace, or of one object."""
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{place}/{self.plural}" + (f"/{name}" if name else "")

    def where(self, namespace: str | None) -> str:
        """Return the place as words for a sentence."""
        return f"in namespace {namespace}" if self.namespaced and namespace else "on the cluster"


CORE: Final = "/api/v1"

NODES: Final = Kind(objects.Node, CORE, "nodes", namespaced=False)
NAMESPACES: Final = Kind(objects.Namespace, CORE, "namespaces", namespaced=False)
PODS: Final = Kind(objects.Pod, CORE, "pods", name="Pod")
EVENTS: Final = Kind(objects.Event, CORE, "events")
SERVICES: Final = Kind(objects.Service, CORE, "services")
CLAIMS: Final = Kind(objects.Claim, CORE, "persistentvolumeclaims", name="PersistentVolumeClaim")
CONFIG_MAPS: Final = Kind(objects.ConfigMap, CORE, "configmaps")
QUOTAS: Final = Kind(objects.Quota, CORE, "resourcequotas")
SECRETS: Final = Kind(objects.Secret, CORE, "secrets", metadata_only=True)
RECORDS: Final = Kind(objects.RawObject, CORE, "secrets")
"""Secrets with their values: those in which Helm stores its releases."""
CLASSES: Final = Kind(objects.StorageClass, "/apis/storage.k8s.io/v1", "storageclasses", namespaced=False)
VOLUMES: Final = Kind(objects.Volume, CORE, "persistentvolumes", namespaced=False)
DEPLOYMENTS: Final = Kind(objects.Deployment, "/apis/apps/v1", "deployments")
DAEMON_SETS: Final = Kind(objects.DaemonSet, "/apis/apps/v1", "daemonsets")
STATEFUL_SETS: Final = Kind(objects.StatefulSet, "/apis/apps/v1", "statefulsets")
JOBS: Final = Kind(objects.Job, "/apis/batch/v1", "jobs")
INGRESSES: Final = Kind(KubeObject, "/apis/networking.k8s.io/v1", "ingresses")
NETWORK_POLICIES: Final = Kind(objects.NetworkPolicy, "/apis/networking.k8s.io/v1", "networkpolicies")
DEFINITIONS: Final = Kind(
    objects.Definition,
    "/apis/apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    namespaced=False,
    metadata_only=True,
)
CRDS: Final = Kind(admission.CustomResource, DEFINITIONS.root, DEFINITIONS.plural, namespaced=False)
"""CustomResourceDefinitions with the fields that ``DEFINITIONS`` leaves out."""
ENDPOINT_SLICES: Final = Kind(admission.EndpointSlice, "/apis/discovery.k8s.io/v1", "endpointslices")
_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
VALIDATING_WEBHOOKS: Final = Kind(
    admission.WebhookConfiguration, _ADMISSION, "validatingwebhookconfigurations", namespaced=False
)
MUTATING_WEBHOOKS: Final = Kind(
    admission.WebhookConfiguration, _ADMISSION, "mutatingwebhookconfigurations", namespaced=False
)
GRAPH_GROUP: Final = f"/apis/{GROUP}"
GRAPHS: Final = Kind(objects.Graph, GRAPH_GROUP, V1ALPHA1.plural, name=V1ALPHA1.kind)
COMPONENTS: Final = Kind(KubeObject, GRAPH_GROUP, V1ALPHA1.component_plural, name=V1ALPHA1.component_kind)
CLIQUE_SETS: Final = Kind(KubeObject, "/apis/grove.io/v1alpha1", "podcliquesets", name="PodCliqueSet")


def graphs(api: GraphApi) -> Kind[objects.Graph]:
    """Return the kind of graphs in a version of their API."""
    return replace(GRAPHS, root=api.path)


def components(api: GraphApi) -> Kind[KubeObject]:
    """Return the kind of the objects that the operator creates for the components of a graph."""
    return replace(COMPONENTS, root=api.path)
