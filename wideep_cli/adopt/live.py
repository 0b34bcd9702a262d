"""A stack's resources as they are on the cluster: live objects, and Helm's records of releases."""

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
"""Kinds by Pulumi type. Secrets are absent, because their contents are not read."""


def find_object(cluster: Cluster, kind: Kind[RawObject], inputs: Json) -> Json | None:
    """Return the object that the inputs name; None if there is none.

    Raises:
        ClusterError: the cluster does not answer, or the user may not read the object.
    """
    metadata: Json = inputs["metadata"]
    found = cluster.find(kind, metadata["name"], metadata.get("namespace"))
    return found.body if found else None


def find_release(cluster: Cluster, name: str, namespace: str) -> Json | None:
    """Return Helm's record of the deployed release; None if there is none.

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
