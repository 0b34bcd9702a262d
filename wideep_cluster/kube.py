"""What the drain asks of a cluster, through the official client (imported when it is used: it takes a second)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, cast

from wideep_cluster.client import Cluster
from wideep_cluster.dynamo.operator import ETCD, OPERATOR, OperatorStatus, operator_status
from wideep_cluster.errors import ClusterError, UnreachableError
from wideep_cluster.kinds import DEPLOYMENTS, STATEFUL_SETS
from wideep_cluster.kube_objects import Change, Item, Json, Kind, Listing, item_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["OPERATOR_KINDS", "KubeNamespace", "is_operators"]

FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
GONE: Final = 410
"""The API server no longer knows the version that a watch starts from."""
CONNECT_SECONDS: Final = 10
SILENT_SECONDS: Final = 30
"""A watch's answer ends by itself when its time has passed; one that is so much later has lost its server."""
LOG_LINES: Final = 200
GONE_SECONDS: Final = 60
OPERATOR_KINDS: Final = (
    Kind("Deployment", "deployments", "apps", "v1", everywhere=True, optional=True),
    Kind("StatefulSet", "statefulsets", "apps", "v1", everywhere=True, optional=True),
)
"""What the operator and its etcd run as."""


class Changes:
    """What changes of a kind's objects after a version, as it comes, until the time has passed or it is closed.

    Iterating raises urllib3's HTTPError when the API server goes.
    """

    def __init__(self, lister: Callable[..., object], arguments: tuple[str, ...], version: str, seconds: int) -> None:
        from kubernetes import watch

        self._watch = watch.Watch(return_type="object")
        stream = cast("Callable[..., Iterator[Json]]", self._watch.stream)  # pyright: ignore[reportUnknownMemberType]
        patience = (CONNECT_SECONDS, seconds + SILENT_SECONDS)
        self._events = stream(
            lister, *arguments, resource_version=version, timeout_seconds=seconds, _request_timeout=patience
        )

    def __iter__(self) -> Iterator[Change]:
        from kubernetes.client import ApiException

        try:
            for event in self._events:
                yield Change(item_of(event["object"]), event["type"] == "DELETED")
        except ApiException as error:
            if cast("int", error.status) != GONE:  # pyright: ignore[reportUnknownMemberType]
                raise

    def close(self) -> None:
        """From another thread than the one that iterates."""
        self._watch.stop()


@dataclass(frozen=True)
class KubeNamespace:
    """A namespace of a live cluster."""

    api: ApiClient
    name: str

    @classmethod
    def connect(cls, name: str, kubeconfig: str | None, context: str | None) -> Self:
        """The cluster of the Kubernetes provider's own config: ``kubernetes:kubeconfig`` (a path, or the file's
        content) and ``kubernetes:context``; else KUBECONFIG's; else, in a pod, the cluster around it."""
        import yaml
        from kubernetes import client, config

        load = cast("Callable[..., ApiClient]", config.new_client_from_config)  # pyright: ignore[reportUnknownMemberType]
        parse = cast("Callable[..., ApiClient]", config.new_client_from_config_dict)  # pyright: ignore[reportUnknownMemberType]
        if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
            return cls(parse(yaml.safe_load(kubeconfig), context=context), name)
        try:
            return cls(load(kubeconfig or None, context=context), name)
        except config.ConfigException:
            inside = client.Configuration()
            config.load_incluster_config(client_configuration=inside)  # pyright: ignore[reportUnknownMemberType]
            return cls(client.ApiClient(inside), name)

    def list(self, kind: Kind) -> Listing:
        """The namespace's objects of a kind; none where the cluster does not know the kind, or where the user may not
        see an optional one. The version is empty then."""
        from kubernetes.client import ApiException

        function, arguments = self._lister(kind)
        serialize = cast("Callable[[object], Json]", self.api.sanitize_for_serialization)  # pyright: ignore[reportUnknownMemberType]
        try:
            found = serialize(function(*arguments))
        except ApiException as error:
            status = cast("int", error.status)  # pyright: ignore[reportUnknownMemberType]
            if status == NOT_FOUND or (kind.optional and status == FORBIDDEN):
                return Listing("", ())
            raise
        return Listing(found["metadata"]["resourceVersion"], tuple(item_of(item) for item in found["items"]))

    def changes(self, kind: Kind, version: str, seconds: int) -> Changes:
        """What changes after the version of a listing, for so long, or until the version is too old to go on from."""
        return Changes(*self._lister(kind), version, seconds)

    def is_gone(self) -> bool:
        """Whether somebody has deleted the namespace itself. One that is going is waited for, up to a minute."""
        from kubernetes.client import ApiException, CoreV1Api

        core, end = CoreV1Api(self.api), time.monotonic() + GONE_SECONDS
        try:
            while cast("Any", core.read_namespace(self.name)).metadata.deletion_timestamp:
                if time.monotonic() > end:
                    return True
                time.sleep(1)
        except ApiException as error:
            return cast("int", error.status) == NOT_FOUND  # pyright: ignore[reportUnknownMemberType]
        return False

    def delete(self, kind: Kind, name: str) -> None:
        """Tells a custom object to go; none of that name is none to delete."""
        from kubernetes.client import ApiException, CustomObjectsApi

        where = (str(kind.group), kind.version, self.name, kind.plural, name)
        try:
            CustomObjectsApi(self.api).delete_namespaced_custom_object(*where, propagation_policy="Background")
        except ApiException as error:
            if cast("int", error.status) != NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
                raise

    def log(self, pod: str, container: str, *, previous: bool) -> str:
        """The last lines of a container's log, or of the log of its last run; empty where it cannot be read."""
        from kubernetes.client import ApiException, CoreV1Api

        read = cast("Callable[..., str]", CoreV1Api(self.api).read_namespaced_pod_log)
        try:
            return read(pod, self.name, container=container, previous=previous, tail_lines=LOG_LINES)
        except ApiException:
            return ""

    @property
    def cluster(self) -> Cluster:
        """The whole cluster, for typed objects."""
        return Cluster(self.api, None)

    def operator(self) -> OperatorStatus:
        """How the operator is that serves this namespace.

        Raises:
            UnreachableError: there is no answer.
        """
        try:
            deployments, stores = self.cluster.list(DEPLOYMENTS).items, self.cluster.list(STATEFUL_SETS).items
        except UnreachableError:
            raise
        except ClusterError as error:
            return OperatorStatus(None, f"whether the Dynamo operator runs cannot be seen: {error}")
        return operator_status(deployments, stores, self.name)

    def _lister(self, kind: Kind) -> tuple[Callable[..., object], tuple[str, ...]]:
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        if kind.group is None:
            core = CoreV1Api(self.api)
            core_kinds: dict[str, Callable[..., object]] = {
                "pods": core.list_namespaced_pod,
                "persistentvolumeclaims": core.list_namespaced_persistent_volume_claim,
                "secrets": core.list_namespaced_secret,
            }
            return core_kinds[kind.plural], (self.name,)
        custom = CustomObjectsApi(self.api)
        if kind.everywhere:
            return custom.list_cluster_custom_object, (kind.group, kind.version, kind.plural)
        return custom.list_namespaced_custom_object, (kind.group, kind.version, self.name, kind.plural)


def is_operators(item: Item) -> bool:
    """Whether a Deployment or StatefulSet is an operator, or the etcd that came with it."""
    return item.name.endswith((OPERATOR, ETCD))
