"""What has one value in all releases that are known here, and needs more than ``wideep.dynamo.api``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.dynamo.api import COMPONENT_LABEL, GRAPH_LABEL, GROVE_ANNOTATION, ROLE_LABEL, V1ALPHA1, GraphApi
from wideep.dynamo.base import Immutable
from wideep.settings.layout import Role

__all__ = [
    "BACKGROUND_DELETION",
    "FRONTEND_PORT",
    "GONE_IMAGES",
    "GROVE_OR_NOT",
    "OPERATOR",
    "OWNED_ENV",
    "REPOSITORY",
    "STORE_PORTS",
    "SYSTEM_PORT",
    "pod_labels",
    "workers",
]

REPOSITORY: Final = "https://helm.ngc.nvidia.com/nvidia/ai-dynamo"
FRONTEND_PORT: Final = 8000
SYSTEM_PORT: Final = 9090
STORE_PORTS: Final[Mapping[str, int]] = MappingProxyType({"etcd": 2379, "nats": 4222})
GONE_IMAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gcr.io/kubebuilder/kube-rbac-proxy": "dynamo-operator.controllerManager.kubeRbacProxy.image.repository",
        "bitnamisecure/git": "dynamo-operator.dynamo.mpiRun.sshKeygen.enabled",
    }
)
BACKGROUND_DELETION: Final[Mapping[str, str]] = MappingProxyType(
    # Foreground deletion of a graph never ends with operators up to 1.0 (dynamo#8204).
    {"pulumi.com/deletionPropagationPolicy": "background"}
)
OPERATOR: Final = "the Dynamo operator sets it, by the graph's name and the platform's addresses"
OWNED_ENV: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "DYN_NAMESPACE": (OPERATOR, "take it out; name is the graph's name"),
        "DYN_COMPONENT": (OPERATOR, "take it out"),
        "DYN_PARENT_DGD_K8S_NAME": (OPERATOR, "take it out"),
        "DYN_PARENT_DGD_K8S_NAMESPACE": (OPERATOR, "take it out"),
    }
)
GROVE_OR_NOT: Final = Immutable(
    f'metadata.annotations["{GROVE_ANNOTATION}"]',
    "the operator leaves what it has made when a graph goes to Grove or comes from it",
)


def pod_labels(api: GraphApi, graph: str, role: Role | None) -> dict[str, str]:
    """Labels that exactly the pods of one role of a graph carry. None: those of the frontend."""
    if role is None:
        return {GRAPH_LABEL: graph, COMPONENT_LABEL: "frontend"}
    return {GRAPH_LABEL: graph, (ROLE_LABEL if api == V1ALPHA1 else COMPONENT_LABEL): str(role)}


def workers(api: GraphApi, graph: str) -> dict[str, dict[str, str]]:
    """Labels that together select all workers of a graph, by a name for each set."""
    if api == V1ALPHA1:
        return {"workers": {GRAPH_LABEL: graph, COMPONENT_LABEL: "worker"}}
    return {f"{role}-workers": pod_labels(api, graph, role) for role in Role}
