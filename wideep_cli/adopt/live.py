"""What the cluster has of a stack's resources: the objects as they are, and Helm's records of releases."""

from __future__ import annotations

from typing import Any, Final

from wideep.resource_names import (
    GRAPH_TYPES,
    INGRESS_TYPE,
    JOB_TYPE,
    NAMESPACE_TYPE,
    POLICY_TYPE,
    SERVICE_TYPE,
)
from wideep_cluster import Cluster
from wideep_cluster.helm import read_record
from wideep_cluster.kinds import RECORDS, SECRETS, Kind
from wideep_cluster.objects import RawObject

__all__ = ["KINDS", "Json", "find_object", "find_release"]

Json = dict[str, Any]


KINDS: Final = {
    NAMESPACE_TYPE: Kind(RawObject, "/api/v1", "namespaces", namespaced=False),
    SERVICE_TYPE: Kind(RawObject, "/api/v1", "services"),
    JOB_TYPE: Kind(RawObject, "/apis/batch/v1", "jobs"),
    INGRESS_TYPE: Kind(RawObject, "/apis/networking.k8s.io/v1", "ingresses"),
    POLICY_TYPE: Kind(RawObject, "/apis/networking.k8s.io/v1", "networkpolicies"),
    **{kind: Kind(RawObject, api.path, api.plural) for kind, api in GRAPH_TYPES.items()},
}
"""By Pulumi's type. Secrets are missing: what is in them is not read."""


def find_object(cluster: Cluster, kind: Kind[RawObject], inputs: Json) -> Json | None:
    """The object that the inputs name; None where there is none.

    Raises:
        ClusterError: the cluster does not answer, or the user may not see it.
    """
    metadata: Json = inputs["metadata"]
    found = cluster.find(kind, metadata["name"], metadata.get("namespace"))
    return found.body if found else None


def find_release(cluster: Cluster, name: str, namespace: str) -> Json | None:
    """Helm's record of the release that is deployed; None where there is none.

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
    return read_record(record.body["data"]["release"])
