"""Tells who else uses what a stack has installed, before any of it is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self, cast

from components.lifecycle.ownership import EVEN_IF_SHARED, is_owned_by
from wideep.dynamo.api import GRAPH_LABEL
from wideep.names import PROMETHEUS_LABEL
from wideep_cluster import kinds
from wideep_cluster.client import Cluster
from wideep_cluster.kinds import SECRETS, Kind
from wideep_cluster.manifests import Json, parts
from wideep_cluster.objects import RawObject

__all__ = ["UNASKED", "Share", "SharedError", "User", "refuse_while_shared", "users"]

UNASKED: Final = (f"  pulumi config set --path {EVEN_IF_SHARED} true", "  pulumi up")
"""Destroy runs no program, so it knows the config only as of the last `pulumi up`."""
Raw = Kind[RawObject]
GRAPH, COMPONENT, CLIQUE_SET, POD, CLAIM = (
    Raw(RawObject, kind.root, kind.plural, name=kind.name)
    for kind in (kinds.GRAPHS, kinds.COMPONENTS, kinds.CLIQUE_SETS, kinds.PODS, kinds.CLAIMS)
)
"""Kinds that are read with all of their fields, because any field may name the claim."""
OWNERS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
"""Kinds of the group apps that create pods. They are reported in place of their pods."""
WORK: Final = (
    GRAPH,
    COMPONENT,
    CLIQUE_SET,
    *(Raw(RawObject, "/apis/apps/v1", f"{name.lower()}s", name=name) for name in OWNERS),
    *(Raw(RawObject, "/apis/batch/v1", f"{name.lower()}s", name=name) for name in ("Job", "CronJob")),
    POD,
    CLAIM,
)
"""Objects of others in a namespace whose loss would matter: workloads, and what keeps data."""
ASKED_FOR: Final = frozenset({*OWNERS, "Job", "Node"})
RELEASE, RELEASE_PLACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
INSTANCE: Final = "app.kubernetes.io/instance"
HOOK: Final = "helm.sh/hook"
SHOWN: Final = 8


class SharedError(Exception):
    """Others use what would be deleted."""


@dataclass(frozen=True)
class Share:
    """What of a stack others may use, in the form of a resource's properties. An empty field: the stack has none of it,
    or it stays."""

    namespace: str
    stack: str
    graph: str = ""
    operator: str = ""
    """``cluster``: the operator manages all namespaces; ``namespace``: only its own."""
    grove: bool = False
    """Whether Grove came with the operator; it then also creates the pods of others' PodCliqueSets."""
    namespace_goes: bool = False
    claim: str = ""
    """The claim of the model cache."""
    releases: tuple[str, ...] = ()
    """Helm releases in the namespace. Their objects belong to the stack, and so does the volume of their Prometheus."""
    secrets: tuple[str, ...] = ()
    """Secrets of the namespace that the stack uses but did not create."""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """Build a Share from a resource's properties, in which tuples are lists."""
        return cls(
            namespace=properties["namespace"],
            stack=properties["stack"],
            graph=properties.get("graph", ""),
            operator=properties.get("operator", ""),
            grove=bool(properties.get("grove")),
            namespace_goes=bool(properties.get("namespace_goes")),
            claim=properties.get("claim", ""),
            releases=tuple(properties.get("releases", ())),
            secrets=tuple(properties.get("secrets", ())),
        )

    def properties(self) -> dict[str, Any]:
        """Return the properties that ``of`` reads back."""
        return {**asdict(self), "releases": list(self.releases), "secrets": list(self.secrets)}


@dataclass(frozen=True)
class User:
    """An object of somebody else, and what it needs of the stack."""

    what: str
    """Kind, namespace and name, as in ``PersistentVolumeClaim team/data``."""
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def refuse_while_shared(cluster: Cluster, share: Share) -> None:
    """Raise SharedError with the names of the users if others use what the stack would delete."""
    found = list(users(cluster, share))
    if not found:
        return
    shown = [f"  {user}" for user in found[:SHOWN]]
    more = [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    lines = (
        f"Others use what stack {share.stack} would delete, so it is kept:",
        *shown,
        *more,
        "Delete those first and repeat the command. To delete it in spite of them, repeat the command after:",
        *UNASKED,
    )
    raise SharedError("\n".join(lines))


def users(cluster: Cluster, share: Share) -> Iterator[User]:
    """Yield all users, each once. Raise the client's error for kinds that may not be listed."""
    told: set[str] = set()
    for user in (*_of_operator(cluster, share), *_of_namespace(cluster, share)):
        if user.what not in told:
            told.add(user.what)
            yield user


def _of_operator(cluster: Cluster, share: Share) -> Iterator[User]:
    namespace = None if share.operator == "cluster" else share.namespace
    if not share.operator:
        return
    for kind in (GRAPH, COMPONENT, *([CLIQUE_SET] if share.grove else [])):
        listed = cluster.list(kind, namespace)
        maker = "Grove" if kind is CLIQUE_SET else "the Dynamo operator"
        yield from _named(
            kind, foreign(kind, listed.items, share), f"{maker} of this stack manages it and stops with it"
        )


def _of_namespace(cluster: Cluster, share: Share) -> Iterator[User]:
    if not share.namespace_goes and not share.claim:
        return
    for kind in WORK:
        others = foreign(kind, cluster.list(kind, share.namespace).items, share)
        if share.namespace_goes:
            yield from _named(kind, others, f"it would be deleted with namespace {share.namespace}")
        else:
            mounting = [item for item in others if _mounts(item.body, share.claim)]
            yield from _named(kind, mounting, f"it mounts the claim {share.claim}")
    if share.namespace_goes:
        yield from _releases_and_secrets(cluster, share)


def _releases_and_secrets(cluster: Cluster, share: Share) -> Iterator[User]:
    why = f"it would be deleted with namespace {share.namespace}"
    for item in cluster.list(SECRETS, share.namespace).items:
        if item.labels.get("owner") == "helm" and item.labels.get("name") not in share.releases:
            yield User(f"Helm release {share.namespace}/{item.labels.get('name')}", why)
        elif item.name in share.secrets:
            yield User(f"Secret {share.namespace}/{item.name}", why)


def foreign(kind: Raw, items: Iterable[RawObject], share: Share) -> list[RawObject]:
    """Return the objects that neither this stack, its releases nor its graph created, and that no listed owner
    represents."""
    return [item for item in items if not _is_ours(kind, item, share) and not _is_anothers(kind, item)]


def _is_ours(kind: Raw, item: RawObject, share: Share) -> bool:
    notes, labels = item.metadata.annotations, item.labels
    here = item.namespace == share.namespace
    released = notes.get(RELEASE) in share.releases and notes.get(RELEASE_PLACE) == share.namespace
    named = here and (kind, item.name) in ((GRAPH, share.graph), (CLAIM, share.claim))
    instances = {labels.get(INSTANCE), labels.get(PROMETHEUS_LABEL, "").removesuffix("-prometheus")}
    inside = here and (not instances.isdisjoint(share.releases) or labels.get(GRAPH_LABEL) == share.graph)
    return named or released or inside or HOOK in notes or is_owned_by(share.stack, notes)


def _is_anothers(kind: Raw, item: RawObject) -> bool:
    """Tell whether the object has an owner that is reported in its place. A pod is reported itself unless its owner is
    one of the kinds in ``ASKED_FOR``."""
    owners = {owner.kind for owner in item.metadata.owner_references}
    return bool(owners) and (kind is not POD or not owners.isdisjoint(ASKED_FOR))


def _named(kind: Raw, items: Iterable[RawObject], why: str) -> Iterator[User]:
    for item in items:
        yield User(f"{kind.name} {item.namespace}/{item.name}", why)


def _mounts(value: object, claim: str) -> bool:
    """Tell whether a pod, or an object that creates pods, names the claim as one of its volumes."""
    match value:
        case dict():
            body = cast("Json", value)
            if body.get("claimName") == claim or any(one.get("name") == claim for one in _graph_volumes(body)):
                return True
            return any(_mounts(each, claim) for each in body.values())
        case list():
            return any(_mounts(each, claim) for each in cast("list[object]", value))
        case _:
            return False


def _graph_volumes(body: Json) -> list[Json]:
    """Return the volumes of a graph's spec."""
    return parts(body, "pvcs")
