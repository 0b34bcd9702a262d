"""Names of a stack's Pulumi resources in its program and in its state, declared once.

Components create resources with these names and types; recovery after an interrupted run and ``wideep adopt`` look for
them. Changing a name here changes the resource's URN, so existing stacks would replace the resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wideep.dynamo.api import V1ALPHA1, V1BETA1

__all__ = [
    "ANY_CLUSTER",
    "CACHE_CLAIM",
    "CLAIM_TYPE",
    "COMPUTE_DOMAIN",
    "CONFIG_MAP_TYPE",
    "CRDS_RELEASE",
    "CUSTOM_TYPES",
    "DOWNLOAD_JOB",
    "DYNAMIC",
    "DYNAMIC_MODULE",
    "GRAFANA_SECRET",
    "GRAPH",
    "GRAPH_TYPE",
    "GRAPH_TYPES",
    "INGRESS_TYPE",
    "JOB_TYPE",
    "MONITORING_GROUP",
    "MONITORING_RELEASE",
    "MONITORING_TYPES",
    "NAMESPACE",
    "NAMESPACE_READ",
    "NAMESPACE_TYPE",
    "OWNER_ANNOTATION",
    "OWNER_LABEL",
    "OWN_ANNOTATIONS",
    "PLATFORM_RELEASE",
    "POLICY_TYPE",
    "RELEASE_TYPE",
    "RETRY_OF_ANNOTATION",
    "SECRET_TYPE",
    "SERVICE_TYPE",
    "SSH_KEY_SECRET",
    "STACK_RESOURCES",
    "SWEEP",
    "TAKE_OWNERSHIP_ANNOTATION",
    "TOKEN_SECRET",
    "StackResource",
    "dynamic_type",
]

OWNER_ANNOTATION: Final = "dynamo-wideep/stack"
"""Annotation on each object that a stack creates: the stack's full name. (Helm's objects carry Helm's own.)"""
OWNER_LABEL: Final = "dynamo-wideep/stack"
"""Label on objects that outlive the stack: project and stack, in the form of a valid label value."""
RETRY_OF_ANNOTATION: Final = "dynamo-wideep/after"
"""Annotation on the download's pods: the uid of the failed Job that this one replaces."""
TAKE_OWNERSHIP_ANNOTATION: Final = "pulumi.com/patchForce"
"""Makes the provider write its fields even if another manager owns them (``force`` of server-side apply)."""
OWN_ANNOTATIONS: Final = ("pulumi.com/", "dynamo-wideep/")
"""Prefixes of the annotations that a stack writes for itself."""
ANY_CLUSTER: Final = "DYNAMO_WIDEEP_ANY_CLUSTER"
"""Environment variable of a preview that must not be checked against the cluster's objects: ``wideep adopt`` expects
objects that the stack did not create, and a pull request's preview runs on a cluster that is not the stack's."""

NAMESPACE_TYPE: Final = "kubernetes:core/v1:Namespace"
SECRET_TYPE: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type, no secret
CONFIG_MAP_TYPE: Final = "kubernetes:core/v1:ConfigMap"
SERVICE_TYPE: Final = "kubernetes:core/v1:Service"
CLAIM_TYPE: Final = "kubernetes:core/v1:PersistentVolumeClaim"
JOB_TYPE: Final = "kubernetes:batch/v1:Job"
INGRESS_TYPE: Final = "kubernetes:networking.k8s.io/v1:Ingress"
POLICY_TYPE: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RELEASE_TYPE: Final = "kubernetes:helm.sh/v3:Release"
MONITORING_GROUP: Final = "monitoring.coreos.com"
MONITORING_TYPES: Final = {
    f"kubernetes:{MONITORING_GROUP}/v1:{kind}": f"{kind.lower()}s"
    for kind in ("PodMonitor", "ServiceMonitor", "PrometheusRule")
}
"""Plural by Pulumi type, for the objects that the Prometheus operator reads."""
COMPUTE_DOMAIN: Final = ("resource.nvidia.com", "v1beta1", "computedomains")
"""Group, version and plural of the custom resource of NVIDIA's DRA driver."""
CUSTOM_TYPES: Final = {
    **{kind: (MONITORING_GROUP, "v1", plural) for kind, plural in MONITORING_TYPES.items()},
    "kubernetes:resource.nvidia.com/v1beta1:ComputeDomain": COMPUTE_DOMAIN,
}
"""Group, version and plural by Pulumi type, for the custom resources of other projects that a stack creates."""
GRAPH_TYPE: Final = V1ALPHA1.pulumi_type
GRAPH_TYPES: Final = {api.pulumi_type: api for api in (V1ALPHA1, V1BETA1)}
"""APIs of the graph by Pulumi type. A graph's type depends on the API of its release; its name does not."""
DYNAMIC_MODULE: Final = "dynamo-wideep"
DYNAMIC: Final = (
    "StackSweep",
    "StackGuard",
    "OperatorCheck",
    "PlatformReady",
    "GroveCrds",
    "GraphDrain",
    "GraphReady",
    "GraphTakedown",
    "NodeBurnIn",
)
"""Dynamic resources, which act on a cluster but are not objects in it."""


def dynamic_type(name: str) -> str:
    """Return the type token of a dynamic resource."""
    return f"pulumi-python:dynamic/{DYNAMIC_MODULE}:{name}"


@dataclass(frozen=True)
class StackResource:
    """A resource of the stack that other code looks for; ``name`` is its logical name in the stack's own program."""

    component: str
    part: str
    type: str

    @property
    def name(self) -> str:
        return self.of(self.component)

    def of(self, component: str) -> str:
        """Return the logical name in a component with another name."""
        return f"{component}-{self.part}"


SWEEP: Final = StackResource("sweep", "stack", dynamic_type("StackSweep"))
NAMESPACE: Final = StackResource("namespace", "namespace", NAMESPACE_TYPE)
NAMESPACE_READ: Final = StackResource("namespace", "existing", NAMESPACE_TYPE)
"""An existing namespace that is not the stack's own and is only read."""
CRDS_RELEASE: Final = StackResource("platform", "crds", RELEASE_TYPE)
PLATFORM_RELEASE: Final = StackResource("platform", "platform", RELEASE_TYPE)
SSH_KEY_SECRET: Final = StackResource("platform-mpi", "secret", SECRET_TYPE)
TOKEN_SECRET: Final = StackResource("token", "secret", SECRET_TYPE)
CACHE_CLAIM: Final = StackResource("cache", "claim", CLAIM_TYPE)
MONITORING_RELEASE: Final = StackResource("monitoring", "release", RELEASE_TYPE)
GRAFANA_SECRET: Final = StackResource("monitoring", "grafana", SECRET_TYPE)
DOWNLOAD_JOB: Final = StackResource("download", "job", JOB_TYPE)
GRAPH: Final = StackResource("graph", "graph", GRAPH_TYPE)
STACK_RESOURCES: Final = (
    SWEEP,
    NAMESPACE,
    CRDS_RELEASE,
    PLATFORM_RELEASE,
    SSH_KEY_SECRET,
    TOKEN_SECRET,
    CACHE_CLAIM,
    DOWNLOAD_JOB,
    GRAPH,
)
