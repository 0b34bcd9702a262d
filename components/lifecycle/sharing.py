"""Who else uses what a stack has installed: asked before any of it is taken away."""

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
"""Destroy runs no program: it knows the config of the last `pulumi up`."""
Raw = Kind[RawObject]
GRAPH, COMPONENT, CLIQUE_SET, POD, CLAIM = (
    Raw(RawObject, kind.root, kind.plural, name=kind.name)
    for kind in (kinds.GRAPHS, kinds.COMPONENTS, kinds.CLIQUE_SETS, kinds.PODS, kinds.CLAIMS)
)
"""With all of their fields: any may name the claim."""
OWNERS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
"""Of the group apps; each makes pods, and is asked for in place of them."""
WORK: Final = (
    GRAPH,
    COMPONENT,
    CLIQUE_SET,
    *(Raw(RawObject, "/apis/apps/v1", f"{name.lower()}s", name=name) for name in OWNERS),
    *(Raw(RawObject, "/apis/batch/v1", f"{name.lower()}s", name=name) for name in ("Job", "CronJob")),
    POD,
    CLAIM,
)
"""What of others in a namespace would be missed: what works there, and what keeps data."""
ASKED_FOR: Final = frozenset({*OWNERS, "Job", "Node"})
RELEASE, RELEASE_PLACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
INSTANCE: Final = "app.kubernetes.io/instance"
HOOK: Final = "helm.sh/hook"
SHOWN: Final = 8


class SharedError(Exception):
    """Others use what would go."""


@dataclass(frozen=True)
class Share:
    """What of a stack others may use, as properties of a resource have it. Empty: there is none of it, or it stays."""

    namespace: str
    stack: str
    graph: str = ""
    operator: str = ""
    """``cluster``: it looks after all namespaces; ``namespace``: after its own only."""
    grove: bool = False
    """Grove came with the operator, and makes the pods of others' PodCliqueSets too."""
    namespace_goes: bool = False
    claim: str = ""
    """The model cache."""
    releases: tuple[str, ...] = ()
    """Of Helm, in the namespace; what they brought is the stack's, and so is the volume of the Prometheus of one."""
    secrets: tuple[str, ...] = ()
    """Secrets of the namespace that the stack uses and did not make."""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """From a resource's properties, where a tuple is a list."""
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
        """As ``of`` reads them back."""
        return {**asdict(self), "releases": list(self.releases), "secrets": list(self.secrets)}


@dataclass(frozen=True)
class User:
    """An object of somebody else, and what it needs of the stack."""

    what: str
    """``PersistentVolumeClaim team/data``."""
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def refuse_while_shared(cluster: Cluster, share: Share) -> None:
    """Raises SharedError with their names, where others use what the stack would take away."""
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
    """All of them, each once. Raises what the client raises for what may not be listed."""
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
    """Those that neither this stack has made, nor its releases, nor its graph; and that no other object stands for."""
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
    """It has an owner, which counts in its place. A pod counts by itself where its owner is none of ``WORK``."""
    owners = {owner.kind for owner in item.metadata.owner_references}
    return bool(owners) and (kind is not POD or not owners.isdisjoint(ASKED_FOR))


def _named(kind: Raw, items: Iterable[RawObject], why: str) -> Iterator[User]:
    for item in items:
        yield User(f"{kind.name} {item.namespace}/{item.name}", why)


def _mounts(value: object, claim: str) -> bool:
    """Whether a pod, or what makes pods, names the claim as one of its volumes."""
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
    """Of a graph's spec."""
    return parts(body, "pvcs")
