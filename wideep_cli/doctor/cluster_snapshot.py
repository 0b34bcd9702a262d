"""A snapshot of the cluster, read once and in parallel, with a number of calls that does not grow with the pods."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from wideep.dynamo.base import Release
from wideep_cluster import Cluster, ClusterError, ForbiddenError, Listed, forward_service
from wideep_cluster.burnin.keep import KEPT_LABEL
from wideep_cluster.dynamo.admission import GraphAdmission, obstacles
from wideep_cluster.dynamo.crds import StoredCrd, find_unknown_versions
from wideep_cluster.dynamo.frontend import served_models
from wideep_cluster.dynamo.graph_api import served_api
from wideep_cluster.gpu_nodes import HOLDS_A_NODE
from wideep_cluster.kinds import (
    CLAIMS,
    CLASSES,
    CONFIG_MAPS,
    DAEMON_SETS,
    DEFINITIONS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    QUOTAS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    VOLUMES,
    Kind,
    components,
    graphs,
)
from wideep_cluster.objects import (
    Claim,
    ConfigMap,
    DaemonSet,
    Definition,
    Deployment,
    Event,
    Graph,
    Job,
    KubeObject,
    Namespace,
    NetworkPolicy,
    Node,
    Pod,
    Quota,
    Secret,
    Service,
    StatefulSet,
    StorageClass,
    Volume,
)

__all__ = ["ClusterSnapshot", "Logs", "take_snapshot"]

T = TypeVar("T")
K = TypeVar("K", bound=KubeObject)
Logs = Callable[[Pod, bool], str | None]
LastLine = Callable[[Pod], datetime | None]
Models = Callable[[str], tuple[str, ...] | None]

THREADS: Final = 8
HELM: Final = "owner=helm"
FIGURES: Final = ",".join(f"{key}={value}" for key, value in KEPT_LABEL.items())
PLAIN: Final[dict[str, Kind[KubeObject]]] = {
    "classes": CLASSES,
    "volumes": VOLUMES,
    "claims": CLAIMS,
    "quotas": QUOTAS,
    "jobs": JOBS,
    "services": SERVICES,
    "policies": NETWORK_POLICIES,
    "definitions": DEFINITIONS,
}
"""Kinds that are listed without a selector, by the name of their field in ``ClusterSnapshot``."""


def _no_logs(_pod: Pod, _previous: bool) -> str | None:
    return None


def _no_line(_pod: Pod) -> datetime | None:
    return None


def _no_models(_service: str) -> tuple[str, ...] | None:
    return None


@dataclass(frozen=True)
class ClusterSnapshot:
    """Everything that the checks look at.

    ``own_pods`` are all pods of the stack's namespace; ``pods`` are those of all namespaces that are scheduled and have
    not finished.
    """

    namespace: Listed[Namespace] = Listed()
    nodes: Listed[Node] = Listed()
    pods: Listed[Pod] = Listed()
    own_pods: Listed[Pod] = Listed()
    warnings: Listed[Event] = Listed()
    classes: Listed[StorageClass] = Listed()
    volumes: Listed[Volume] = Listed()
    claims: Listed[Claim] = Listed()
    quotas: Listed[Quota] = Listed()
    deployments: Listed[Deployment] = Listed()
    stateful_sets: Listed[StatefulSet] = Listed()
    daemon_sets: Listed[DaemonSet] = Listed()
    jobs: Listed[Job] = Listed()
    services: Listed[Service] = Listed()
    graphs: Listed[Graph] = Listed()
    components: Listed[KubeObject] = Listed()
    """The DynamoComponentDeployments that the operator creates for a graph."""
    policies: Listed[NetworkPolicy] = Listed()
    definitions: Listed[Definition] = Listed()
    unknown_versions: Listed[StoredCrd] = Listed()
    """Dynamo's CRDs with stored versions that the stack's release does not have."""
    figures: Listed[ConfigMap] = Listed()
    """The results of burn-ins, from the stack's namespace."""
    releases: Listed[Secret] = Listed()
    """Helm's release records, of which only the labels are read."""
    groups: Listed[str] = Listed()
    """API groups that the cluster serves."""
    serves_graphs: bool = False
    """Whether the cluster serves graphs in the API version that the stack's release writes."""
    admission: Listed[str] = Listed()
    """What would keep the API server from accepting a graph; empty if no webhook of the operator admits graphs."""
    logs: Logs = _no_logs
    """The last lines of a pod's main container, of its current or (True) its previous run; None if there are none."""
    last_line: LastLine = _no_line
    """When a pod's main container last wrote to its log; None if that is unknown."""
    models: Models = _no_models
    """The models that a frontend Service lists; None if it does not respond.

    Raises ForbiddenError if the user may not forward ports.
    """
    denied: set[str] = field(default_factory=set[str])
    """Why requested logs could not be read; the set grows as checks request logs."""

    def warned(self, kind: str, name: str) -> list[Event]:
        """Return the warning events about one object, the newest last."""
        about = [e for e in self.warnings.items if (e.involved_object.kind, e.involved_object.name) == (kind, name)]
        return sorted(about, key=lambda event: event.when.timestamp() if event.when else 0.0)


class _Reader:
    """A reader of the cluster whose requests run in parallel."""

    def __init__(self, cluster: Cluster, namespace: str, pool: ThreadPoolExecutor) -> None:
        self.cluster, self.namespace, self.pool = cluster, namespace, pool
        self.denied: set[str] = set()

    def own(self, kind: Kind[K], labels: str = "", fields: str = "") -> Future[Listed[K]]:
        """List the objects of the stack's namespace, or of the cluster if the kind is cluster-scoped."""
        return self.pool.submit(self.cluster.listed, kind, self.namespace, labels=labels, fields=fields)

    def one(self, kind: Kind[K], name: str) -> Future[Listed[K]]:
        """Look up a cluster-scoped object by name; the list is empty if it does not exist."""
        return self.pool.submit(self._find, kind, name)

    def all(self, kind: Kind[K], fields: str = "") -> Future[Listed[K]]:
        """List the objects of all namespaces, or only of the stack's if the user may not see the others."""
        return self.pool.submit(self._list_wide, kind, fields)

    def logs(self, pod: Pod, previous: bool) -> str | None:
        """Provide ``ClusterSnapshot.logs``."""
        return self._of_log(lambda: self.cluster.logs(pod, pod.main.name, previous=previous))

    def last_line(self, pod: Pod) -> datetime | None:
        """Provide ``ClusterSnapshot.last_line``."""
        return self._of_log(lambda: self.cluster.last_line_at(pod, pod.main.name))

    def models(self, service: str) -> tuple[str, ...] | None:
        """Provide ``ClusterSnapshot.models``."""
        try:
            with forward_service(self.cluster, self.namespace, service) as port:
                return served_models(port)
        except ForbiddenError:
            raise
        except (ClusterError, OSError, ValueError):
            return None

    def _of_log(self, question: Callable[[], T | None]) -> T | None:
        try:
            return question()
        except ForbiddenError as error:
            self.denied.add(str(error))
        except ClusterError:
            pass
        return None

    def _find(self, kind: Kind[K], name: str) -> Listed[K]:
        try:
            found = self.cluster.find(kind, name)
        except ClusterError as error:
            return Listed(error=error)
        return Listed((found,)) if found else Listed()

    def _list_wide(self, kind: Kind[K], fields: str) -> Listed[K]:
        seen = self.cluster.listed(kind, fields=fields)
        if not isinstance(seen.error, ForbiddenError):
            return seen
        return replace(self.cluster.listed(kind, self.namespace, fields=fields), everywhere=False)


def take_snapshot(
    cluster: Cluster, namespace: str, release: Release, asked: GraphAdmission | None = None
) -> ClusterSnapshot:
    """Read the cluster. Where the user may not see objects, the snapshot records the error instead.

    ``release`` is the stack's release; if the cluster does not serve its API version, graphs are read in the version
    that it does serve. ``asked`` describes what admits a graph; None skips the webhooks.

    Raises:
        UnreachableError: the cluster does not respond.
    """
    cluster.version()
    with ThreadPoolExecutor(THREADS) as pool:
        reader = _Reader(cluster, namespace, pool)
        seen: dict[str, Future[Listed[Any]]] = {
            "namespace": reader.one(NAMESPACES, namespace),
            "nodes": reader.own(NODES),
            "pods": reader.all(PODS, HOLDS_A_NODE),
            "own_pods": reader.own(PODS),
            "warnings": reader.own(EVENTS, fields="type=Warning"),
            "deployments": reader.all(DEPLOYMENTS),
            "stateful_sets": reader.all(STATEFUL_SETS),
            "daemon_sets": reader.all(DAEMON_SETS),
            "releases": reader.own(SECRETS, labels=HELM),
            "figures": reader.own(CONFIG_MAPS, labels=FIGURES),
            "groups": pool.submit(cluster.groups),
            "unknown_versions": pool.submit(find_unknown_versions, cluster, release.version),
            **{name: reader.own(kind) for name, kind in PLAIN.items()},
        }
        served = served_api(cluster, release.api) or release.api
        seen |= {"graphs": reader.own(graphs(served)), "components": reader.own(components(served))}
        if asked:
            seen["admission"] = pool.submit(_admission, cluster, asked)
        serves_graphs = pool.submit(cluster.serves, graphs(release.api))
        return ClusterSnapshot(
            **{name: found.result() for name, found in seen.items()},
            serves_graphs=serves_graphs.result(),
            logs=reader.logs,
            last_line=reader.last_line,
            models=reader.models,
            denied=reader.denied,
        )


def _admission(cluster: Cluster, asked: GraphAdmission) -> Listed[str]:
    try:
        return Listed(tuple(dict.fromkeys(obstacles(cluster, asked))))
    except ClusterError as error:
        return Listed(error=error)
