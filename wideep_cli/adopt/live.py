"""What the cluster has of a stack's resources: the objects as they are, and Helm's records of releases."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, Final

from pydantic import Field, model_validator

from wideep.resource_names import (
    GRAPH_TYPE,
    INGRESS_TYPE,
    JOB_TYPE,
    NAMESPACE_TYPE,
    POLICY_TYPE,
    SERVICE_TYPE,
)
from wideep_cluster import SECRETS, Cluster, Kind
from wideep_cluster.objects import KubeObject

__all__ = ["KINDS", "Json", "Live", "find_object", "find_release"]

Json = dict[str, Any]


class Live(KubeObject):
    """An object with all of its fields."""

    body: Json = Field(default_factory=dict[str, Any])

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, read: Json) -> Json:
        return {"metadata": read["metadata"], "body": read}


KINDS: Final = {
    NAMESPACE_TYPE: Kind(Live, "/api/v1", "namespaces", namespaced=False),
    SERVICE_TYPE: Kind(Live, "/api/v1", "services"),
    JOB_TYPE: Kind(Live, "/apis/batch/v1", "jobs"),
    INGRESS_TYPE: Kind(Live, "/apis/networking.k8s.io/v1", "ingresses"),
    POLICY_TYPE: Kind(Live, "/apis/networking.k8s.io/v1", "networkpolicies"),
    GRAPH_TYPE: Kind(Live, "/apis/nvidia.com/v1alpha1", "dynamographdeployments"),
}
"""By Pulumi's type. Secrets are missing: what is in them is not read."""
RECORDS: Final = Kind(Live, "/api/v1", "secrets")


def find_object(cluster: Cluster, kind: Kind[Live], inputs: Json) -> Json | None:
    """The object that the inputs name; None where there is none.

    Raises:
        ClusterError: the cluster does not answer, or the user may not see it.
    """
    metadata: Json = inputs["metadata"]
    found = cluster.find(kind, metadata["name"], metadata.get("namespace"))
    return found.body if found else None


def find_release(cluster: Cluster, name: str, namespace: str) -> Json | None:
    """Helm's record of the release that is deployed; None where there is none.

    It is a Secret's data: JSON, gzipped, in base64 (helm/helm, pkg/storage/driver).

    Raises:
        ClusterError: the cluster does not answer, or the user may not read the release's Secret.
    """
    labels = f"owner=helm,name={name},status=deployed"
    versions = [record.name for record in cluster.list(SECRETS, namespace, labels=labels).items]
    if not versions:
        return None
    newest = max(versions, key=lambda record: int(record.rpartition(".v")[2]))
    record = cluster.find(RECORDS, newest, namespace)
    if record is None:
        return None
    packed = base64.b64decode(base64.b64decode(record.body["data"]["release"]))
    return json.loads(gzip.decompress(packed))
