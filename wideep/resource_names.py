"""Names that a stack's Pulumi resources have in its program and in its state, declared once.

Components make resources of these names and types; recovery after an interrupted run and ``wideep adopt`` look for
them. A name that changes here changes the resource's URN: existing stacks would replace it.
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
"""Annotation of every object that a stack makes: the stack's full name. (Helm's objects carry Helm's own.)"""
OWNER_LABEL: Final = "dynamo-wideep/stack"
"""Label of objects that outlive the stack: project and stack, as a label's value may have them."""
RETRY_OF_ANNOTATION: Final = "dynamo-wideep/after"
"""Annotation of the download's pods: the uid of the failed Job that this one replaces."""
TAKE_OWNERSHIP_ANNOTATION: Final = "pulumi.com/patchForce"
"""The provider writes its fields whoever else has written them (server-side apply's force)."""
OWN_ANNOTATIONS: Final = ("pulumi.com/", "dynamo-wideep/")
"""Prefixes of the annotations that a stack writes for itself."""
ANY_CLUSTER: Final = "DYNAMO_WIDEEP_ANY_CLUSTER"
"""Environment variable of a preview that is not checked against what the cluster has: ``wideep adopt`` expects objects
that the stack did not make, and a pull request's preview runs on a cluster that is not the stack's."""

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
"""Objects that the Prometheus operator reads: the plural by the type."""
COMPUTE_DOMAIN: Final = ("resource.nvidia.com", "v1beta1", "computedomains")
"""Group, version and plural of what NVIDIA's DRA driver makes a domain of."""
CUSTOM_TYPES: Final = {
    **{kind: (MONITORING_GROUP, "v1", plural) for kind, plural in MONITORING_TYPES.items()},
    "kubernetes:resource.nvidia.com/v1beta1:ComputeDomain": COMPUTE_DOMAIN,
}
"""Custom resources of others that a stack makes: group, version and plural by the type."""
GRAPH_TYPE: Final = V1ALPHA1.pulumi_type
GRAPH_TYPES: Final = {api.pulumi_type: api for api in (V1ALPHA1, V1BETA1)}
"""A graph's type is that of the API that its release is written in; its name is the same in all of them."""
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
"""Dynamic resources: they look at a cluster, and are nothing on it."""


def dynamic_type(name: str) -> str:
    """The type token of a dynamic resource."""
    return f"pulumi-python:dynamic/{DYNAMIC_MODULE}:{name}"


@dataclass(frozen=True)
class StackResource:
    """A resource of the stack that others look for: ``name`` is its logical name in the stack's own program."""

    component: str
    part: str
    type: str

    @property
    def name(self) -> str:
        return self.of(self.component)

    def of(self, component: str) -> str:
        """The logical name in a component of another name."""
        return f"{component}-{self.part}"


SWEEP: Final = StackResource("sweep", "stack", dynamic_type("StackSweep"))
NAMESPACE: Final = StackResource("namespace", "namespace", NAMESPACE_TYPE)
NAMESPACE_READ: Final = StackResource("namespace", "existing", NAMESPACE_TYPE)
"""The namespace of somebody else, which is only read."""
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
