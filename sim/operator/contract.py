"""Names, labels and reasons of the Dynamo operators 0.6.0 and 1.6.1, as their charts and sources define them."""

from typing import Any, Final

Manifest = dict[str, Any]
"""An object of the Kubernetes API on its way in or out."""

GRAPH: Final = "DynamoGraphDeployment"
COMPONENT: Final = "DynamoComponentDeployment"
ADAPTER: Final = "DynamoGraphDeploymentScalingAdapter"
LABEL_PROMETHEUS: Final = "operator.prometheus.io/name"
"""Label that the Prometheus operator sets on the pods of a Prometheus."""
API: Final = "nvidia.com/v1alpha1"
API_V1: Final = "nvidia.com/v1beta1"
GROVE_API: Final = "grove.io/v1alpha1"
FINALIZER: Final = "nvidia.com/finalizer"

LABEL_GRAPH: Final = "nvidia.com/dynamo-graph-deployment-name"
LABEL_SERVICE: Final = "nvidia.com/dynamo-component"
LABEL_TYPE: Final = "nvidia.com/dynamo-component-type"
LABEL_SUBTYPE: Final = "nvidia.com/dynamo-sub-component-type"
LABEL_NAMESPACE: Final = "nvidia.com/dynamo-namespace"
LABEL_SELECTOR: Final = "nvidia.com/selector"
LABEL_METRICS: Final = "nvidia.com/metrics-enabled"
LABEL_DISCOVERY: Final = "nvidia.com/dynamo-discovery-backend"
"""Label on the pods of 1.x: how they discover each other."""
LABEL_DISCOVERED: Final = "nvidia.com/dynamo-discovery-enabled"
ANNOTATION_STRATEGY: Final = "nvidia.com/deployment-strategy"
ANNOTATION_GROVE: Final = "nvidia.com/enable-grove"
ANNOTATION_METRICS: Final = "nvidia.com/enable-metrics"

ANNOTATION_ORIGIN: Final = "nvidia.com/dynamo-operator-origin-version"
ANNOTATION_UPDATE: Final = "nvidia.com/grove-update-strategy"

TYPES: Final = ("frontend", "worker", "prefill", "decode", "planner", "epp")
"""Component types of 1.6.1."""
WORKER_TYPES: Final = ("worker", "prefill", "decode")
CRD_APPLY: Final = "crd-apply"
"""The init container of 1.x's operator that applies the CRDs."""
TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path inside the container
QUEUE: Final = "dynamo"
"""The KAI queue."""

PLANNER_ACCOUNT: Final = "planner-serviceaccount"
"""Service account that the operator creates in each namespace with a graph; admission lets it change the replicas of a
component with a scaling adapter."""

FRONTEND_PORT: Final = 8000
SYSTEM_PORT: Final = 9090
PLANNER_PORT: Final = 9085
SGLANG_PORT: Final = 29500
VLLM_PORT: Final = 13445
MAIN_CONTAINER: Final = "main"

OPERATOR_SUFFIX: Final = "-dynamo-operator-controller-manager"
ETCD_SUFFIX: Final = "-etcd"
GROVE_OPERATOR: Final = "grove-operator"

# Labels that Grove sets on the pods of a clique.
LABEL_CLIQUE_SET: Final = "app.kubernetes.io/part-of"
LABEL_CLIQUE: Final = "grove.io/podclique"
LABEL_SCALING_GROUP: Final = "grove.io/podcliquescalinggroup"
LABEL_POD_INDEX: Final = "grove.io/podclique-pod-index"
GROVE_GATE: Final = "grove.io/podgang-pending-creation"


def component_name(graph: str, service: str) -> str:
    """Return the name of the DCD, its Deployment and its Service: GRAPH-SERVICE, with the service in lower case."""
    return f"{graph}-{service.lower()}"


def nodes(service: Manifest) -> int:
    """Return the number of pods of one worker of a service; 1 without `multinode`."""
    return int((service.get("multinode") or {}).get("nodeCount", 1))


def dynamo_namespace(graph: Manifest, service: Manifest) -> str:
    return service.get("dynamoNamespace") or f"dynamo-{graph['metadata']['name']}"


def owner_reference(owner: Manifest) -> Manifest:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def wants_grove(graph: Manifest) -> bool:
    """Tell whether a graph goes to Grove: it does unless its annotation says otherwise."""
    return (graph["metadata"].get("annotations") or {}).get(ANNOTATION_GROVE, "").lower() != "false"
