"""Objects of the cluster as frozen models: only the fields that are read, under their own names."""

from wideep_cluster.objects.base import Condition, KubeObject, Meta, RawObject
from wideep_cluster.objects.namespaces import (
    ConfigMap,
    Definition,
    Event,
    Namespace,
    NetworkPolicy,
    Quota,
    Secret,
    Service,
)
from wideep_cluster.objects.nodes import GPU, Node, Taint, Toleration
from wideep_cluster.objects.pods import (
    COMPONENT_LABEL,
    GRAPH_LABEL,
    ROLE_LABEL,
    Component,
    Container,
    ContainerStatus,
    Pod,
    State,
    Terminated,
)
from wideep_cluster.objects.storage import Claim, StorageClass, Volume
from wideep_cluster.objects.workloads import DaemonSet, Deployment, Graph, Job, StatefulSet

__all__ = [
    "COMPONENT_LABEL",
    "GPU",
    "GRAPH_LABEL",
    "ROLE_LABEL",
    "Claim",
    "Component",
    "Condition",
    "ConfigMap",
    "Container",
    "ContainerStatus",
    "DaemonSet",
    "Definition",
    "Deployment",
    "Event",
    "Graph",
    "Job",
    "KubeObject",
    "Meta",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "Pod",
    "Quota",
    "RawObject",
    "Secret",
    "Service",
    "State",
    "StatefulSet",
    "StorageClass",
    "Taint",
    "Terminated",
    "Toleration",
    "Volume",
]
