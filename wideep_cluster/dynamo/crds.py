"""Conflicts with CRDs of Dynamo that another release than the stack's has left on the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wideep.dynamo.releases import ROWS, nearest
from wideep.errors import Problem
from wideep.text import some_of
from wideep_cluster import kinds
from wideep_cluster.client import Cluster
from wideep_cluster.errors import Answer, ClusterError
from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Listed
from wideep_cluster.objects import Definition, KubeObject
from wideep_cluster.objects.admission import CustomResource

__all__ = ["GRAPHS", "GRAPH_CRD", "StoredCrd", "crd_conflict", "find_unknown_versions", "version_conflict"]

GRAPHS: Final = "dynamographdeployments"
GRAPH_CRD: Final = f"{GRAPHS}.nvidia.com"
CRDS: Final = ("dynamocomponentdeployments.nvidia.com", GRAPH_CRD)
OWNER: Final = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
MANAGED_BY: Final = "app.kubernetes.io/managed-by"


@dataclass(frozen=True)
class StoredCrd:
    """A CRD on the cluster whose ``status.storedVersions`` name a version that a release does not have."""

    name: str
    stored: tuple[str, ...]
    unknown: str
    """The first of ``stored`` that the release lacks."""
    users: Listed[KubeObject]
    """Its objects in all namespaces."""


def find_unknown_versions(cluster: Cluster, version: str) -> Listed[StoredCrd]:
    """Return the CRDs that the API server would not replace by those of a release, each with its objects.

    A CRD must have every version in its ``status.storedVersions``, and deleting a release removes no version from it
    (validation of CustomResourceDefinitions in Kubernetes).
    """
    found: list[StoredCrd] = []
    known = nearest(version).graph_versions
    try:
        for crd in filter(None, (cluster.find(kinds.CRDS, name) for name in CRDS)):
            stored = crd.status.stored_versions
            unknown = next((each for each in stored if each not in known), None)
            if unknown:
                found.append(StoredCrd(crd.name, stored, unknown, cluster.listed(_objects(crd, unknown))))
    except ClusterError as error:
        return Listed(error=error)
    return Listed(tuple(found))


def version_conflict(left: Listed[StoredCrd], version: str) -> Answer:
    """Return the problem of CRDs whose stored versions a release does not have; None if there is none."""
    if not left.items:
        return left.error
    first = left.items[0]
    rule = (
        f"CustomResourceDefinition {' and '.join(each.name for each in left.items)}: status.storedVersions is "
        f"[{', '.join(first.stored)}], and the CRDs of Dynamo {version} have only "
        f"{', '.join(nearest(version).graph_versions)}: the API server rejects them ({_origin(first.unknown)})"
    )
    return Problem("platform.version", version, rule, "\n".join(_ways_out(left.items, version)))


def _ways_out(left: tuple[StoredCrd, ...], version: str) -> Iterator[str]:
    delete = f"  kubectl delete crd {' '.join(each.name for each in left)}"
    users = [f"{each.name.partition('.')[0]} {one.namespace}/{one.name}" for each in left for one in each.users.items]
    unseen = next((each.users.error for each in left if each.users.error), None)
    newer = next((row.version for row in reversed(ROWS) if left[0].unknown in row.graph_versions), None)
    keep = f"set platform.version: {newer}, whose CRDs have {left[0].unknown}" if newer else ""
    if unseen:
        yield f"see whether somebody uses them ({str(unseen).rstrip('.')}):"
        yield "  kubectl get dcd,dgd -A"
        yield "if nobody does, delete them, then run `pulumi up` again:"
        yield delete
    elif users:
        yield f"they are in use ({some_of(users, 5)}), and deleting them deletes these objects: {keep or 'keep them'}"
        return
    else:
        yield f"no namespace has objects of them: delete them, then `pulumi up` installs those of {version}:"
        yield delete
    if keep:
        yield f"or {keep}"


def _origin(version: str) -> str:
    """Say which release introduced a version of the API."""
    row = next((row for row in ROWS if version in row.graph_versions), None)
    return f"Dynamo {row.minor[0]}.{row.minor[1]} brought {version}" if row else f"no known release has {version}"


def _objects(crd: CustomResource, fallback: str) -> Kind[KubeObject]:
    """Return the kind of a CRD's objects in their stored version, so that reading them needs no conversion webhook,
    which may no longer exist."""
    version = next((each.name for each in crd.spec.versions if each.storage), fallback)
    plural, _, group = crd.name.partition(".")
    return Kind(KubeObject, f"/apis/{group}/{version}", plural, metadata_only=True)


def crd_conflict(definitions: Listed[Definition], namespace: str, release: str) -> Answer:
    """Return the problem of a CRD that Helm would not adopt into this release; None if there is none.

    CRDs outlive the release that installed them. Helm adopts those whose annotations have its name and namespace.
    """
    wanted = f"{namespace}/{release}"
    other = next((crd for crd in definitions.items if crd.name in CRDS and _owner(crd) != wanted), None)
    if other is None:
        return definitions.error
    owner, names = _owner(other), " ".join(CRDS)
    belongs = f"belongs to Helm release {owner}" if owner else "belongs to no Helm release"
    rule = f"CustomResourceDefinition {other.name} {belongs}, and Helm cannot adopt it into {wanted}"
    fix = (
        "if it is left over from an older platform, hand it over, then run `pulumi up` again:",
        f"  kubectl label crd {names} {MANAGED_BY}=Helm --overwrite",
        f"  kubectl annotate crd {names} {OWNER[0]}={namespace} {OWNER[1]}={release} --overwrite",
        "if its platform still runs, use that one: platform: {install: false}",
    )
    return Problem("platform.install", "true", rule, "\n".join(fix))


def _owner(crd: Definition) -> str:
    """Return the owning release as ``namespace/name``; empty if Helm would consider the CRD unowned."""
    annotations = crd.metadata.annotations
    return "/".join(annotations.get(key, "") for key in OWNER) if crd.labels.get(MANAGED_BY) == "Helm" else ""
