"""Which of a stack's resources the cluster has already, and under which id Pulumi imports each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.cluster import CLAIMS, GRAPHS, JOBS, NAMESPACES, SECRETS, Cluster, Kind
from ops.cluster.objects import KubeObject
from wideep.plan import Plan

__all__ = ["Adoption", "adoption"]

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
CRDS_NAMESPACE: Final = "default"
NO_IMPORT: Final = {
    "docker-build:": "an image cannot be imported: it is built, or taken from the builder's cache",
    "random:": "its value is drawn anew",
    "pulumi-python:": "it stands for a wait, and is nothing on the cluster",
}
"""Types (by how they begin) that stay for ``pulumi up`` to make, and why."""

USED: Final = {
    "cache-claim": ("pulumi config set --path modelCache.existingClaim {name}",),
    "token-secret": ("pulumi config set hfTokenSecret {name}", "pulumi config rm hfToken"),
}
"""Resources that are used and not taken over. An imported claim has fields that its storage class filled in, which the
program does not write: the next ``up`` would replace it, and the weights with it. The token would be replaced too."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Adoption:
    """``resources`` are entries of an import file, components first; ``left`` names what is still to be made.

    ``keys`` are commands that make the stack use what is there in place of making its own.
    """

    resources: tuple[Entry, ...]
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class _There:
    """Where a resource is looked for."""

    kind: Kind[KubeObject]
    name: str
    namespace: str | None = None

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def adoption(plan: Plan, entries: Sequence[Entry], cluster: Cluster) -> Adoption:
    """What of the entries of ``pulumi preview --import-file`` the cluster has.

    Raises:
        ClusterError: the cluster does not answer, or the user may not see one of the objects.
    """
    known, kept, ids, left = _known(plan), list[Entry](), list[str](), list[str]()
    keys: list[str] = []
    for entry in sorted(entries, key=lambda entry: (not entry.get("component"), str(entry["name"]))):
        name, there = str(entry["name"]), known.get(str(entry["name"]))
        if entry.get("component"):
            kept.append(entry)
        elif there and name in USED and _exists(cluster, str(entry["type"]), there):
            keys += [command.format(name=there.name) for command in USED[name]]
        elif there and _exists(cluster, str(entry["type"]), there):
            kept.append({**entry, "id": there.id})
            ids.append(f"{entry['type'].rpartition(':')[2]} {there.id}")
        else:
            why = next((reason for start, reason in NO_IMPORT.items() if str(entry["type"]).startswith(start)), "")
            left.append(f"{name}: {why or 'it is not on the cluster'}")
    return Adoption(tuple(_needed(kept)), tuple(ids), tuple(keys), tuple(left))


def _known(plan: Plan) -> dict[str, _There]:
    """The program's own names of resources, and the object behind each."""
    there = {
        "namespace-namespace": _There(NAMESPACES, plan.namespace),
        "platform-crds": _There(SECRETS, plan.platform.crds_release, CRDS_NAMESPACE),
        "platform-platform": _There(SECRETS, plan.platform.release, plan.namespace),
        "platform-mpi-secret": _There(SECRETS, plan.platform.mpi_secret, plan.namespace),
        "cache-claim": _There(CLAIMS, plan.cache.claim, plan.namespace),
        "graph-graph": _There(GRAPHS, plan.name, plan.namespace),
    }
    if plan.token:
        there["token-secret"] = _There(SECRETS, plan.token.secret, plan.namespace)
    if plan.download:
        there["download-job"] = _There(JOBS, plan.download.job, plan.namespace)
    return there


def _exists(cluster: Cluster, type_: str, there: _There) -> bool:
    if type_ != RELEASE:
        return cluster.find(there.kind, there.name, there.namespace) is not None
    labels = f"owner=helm,name={there.name}"
    return bool(cluster.list(SECRETS, there.namespace, labels=labels).items)


def _needed(kept: Sequence[Entry]) -> list[Entry]:
    """Without components that nothing is adopted into; they are made with what is in them."""
    parents = {entry["parent"] for entry in kept if "parent" in entry and not entry.get("component")}
    grown = parents | {entry["parent"] for entry in kept if entry["name"] in parents and "parent" in entry}
    return [entry for entry in kept if not entry.get("component") or entry["name"] in grown]
