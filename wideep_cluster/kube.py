"""What the drain asks of a cluster, through the official client (imported when it is used: it takes a second)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self, cast

from wideep.dynamo.api import V1ALPHA1, GraphApi
from wideep_cluster.client import Cluster
from wideep_cluster.dynamo.graph_api import served_api
from wideep_cluster.dynamo.operator import ETCD, OPERATOR, OperatorStatus, operator_status
from wideep_cluster.errors import ClusterError, ForbiddenError, UnreachableError, api_error, unreachable
from wideep_cluster.kinds import DEPLOYMENTS, NAMESPACES, STATEFUL_SETS
from wideep_cluster.kube_objects import Change, Item, Json, Kind, Listing, item_of
from wideep_cluster.kubeconfig import is_content
from wideep_cluster.objects import Meta, Namespace, Pod
from wideep_cluster.retry import poll
from wideep_cluster.wire import ApiRequest, find, open_answer, server_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["OPERATOR_KINDS", "KubeNamespace", "is_content", "is_operators"]

GONE: Final = 410
"""The API server no longer knows the version that a watch starts from."""
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

    Iterating raises ClusterError when the API server goes.
    """

    def __init__(self, api: ApiClient, asked: ApiRequest, version: str, seconds: int) -> None:
        from kubernetes import watch

        query = (("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", str(seconds)))
        whole = replace(asked, query=query)

        def ask(**_: object) -> object:
            return open_answer(api, whole, seconds + SILENT_SECONDS)

        self._asked, self._server = asked, server_of(api)
        self._watch = watch.Watch(return_type="object")  # for its ``stop``, which ends a read in another thread
        stream = cast("Callable[..., Iterator[Json]]", self._watch.stream)  # pyright: ignore[reportUnknownMemberType]
        self._events = stream(ask, resource_version=version, timeout_seconds=seconds)

    def __iter__(self) -> Iterator[Change]:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            for event in self._events:
                yield Change(item_of(event["object"]), event["type"] == "DELETED")
        except ClusterError as error:
            if error.status != GONE:
                raise
        except ApiException as error:  # an event of the stream that is an error
            status, said = cast("int", error.status), str(cast("object", error.reason))  # pyright: ignore[reportUnknownMemberType]
            if status != GONE:
                raise api_error(status, said, "watch", self._asked.resource, self._asked.where) from error
        except HTTPError as error:
            raise unreachable(self._server, error) from error

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
        if kubeconfig and is_content(kubeconfig):
            return cls(parse(yaml.safe_load(kubeconfig), context=context), name)
        try:
            return cls(load(kubeconfig or None, context=context), name)
        except config.ConfigException:
            inside = client.Configuration()
            config.load_incluster_config(client_configuration=inside)  # pyright: ignore[reportUnknownMemberType]
            return cls(client.ApiClient(inside), name)

    def list(self, kind: Kind) -> Listing:
        """The namespace's objects of a kind; none where the cluster does not know the kind, or where the user may not
        see an optional one. The version is empty then.

        Raises:
            ClusterError: the API server does not answer, or refuses.
        """
        try:
            found = self.cluster.list(self._versioned(kind).raw, self.name)
        except ForbiddenError:
            if kind.optional:
                return Listing("", ())
            raise
        return Listing(found.version, tuple(item_of(item.body) for item in found.items))

    def changes(self, kind: Kind, version: str, seconds: int) -> Changes:
        """What changes after the version of a listing, for so long, or until the version is too old to go on from."""
        return Changes(self.api, self._request("watch", kind), version, seconds)

    def is_gone(self) -> bool:
        """Whether somebody has deleted the namespace itself. One that is going is waited for, up to a minute."""

        def is_terminating(found: Namespace | None) -> bool:
            return found is not None and found.metadata.deletion_timestamp is not None

        try:
            found = poll(lambda: self.cluster.find(NAMESPACES, self.name), is_terminating, GONE_SECONDS, 1)
        except ForbiddenError:
            return False
        return found is None or is_terminating(found)

    def delete(self, kind: Kind, name: str) -> None:
        """Tells an object to go; none of that name is none to delete.

        Raises:
            ClusterError: the API server does not answer, or refuses.
        """
        query = (("propagationPolicy", "Background"),)
        find(self.api, replace(self._request("delete", kind, name), query=query, method="DELETE"))

    def log(self, pod: str, container: str, *, previous: bool) -> str:
        """The last lines of a container's log, or of the log of its last run; empty where it cannot be read."""
        named = Pod(metadata=Meta(name=pod, namespace=self.name))
        try:
            return self.cluster.logs(named, container, tail=LOG_LINES, previous=previous) or ""
        except UnreachableError:
            raise
        except ClusterError:
            return ""

    @cached_property
    def api_of_graphs(self) -> GraphApi:
        """The API in which this cluster serves graphs, asked once; the oldest where it serves none.

        Raises:
            ClusterError: the API server does not answer.
        """
        return served_api(self.cluster) or V1ALPHA1

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
            return OperatorStatus(None, f"cannot tell whether the Dynamo operator runs: {error}")
        return operator_status(deployments, stores, self.name)

    def _versioned(self, kind: Kind) -> Kind:
        return kind if kind.version else replace(kind, version=self.api_of_graphs.version)

    def _request(self, verb: str, kind: Kind, name: str = "") -> ApiRequest:
        at = self._versioned(kind).raw
        return ApiRequest(verb, at.resource, at.where(self.name), at.path(self.name, name))


def is_operators(item: Item) -> bool:
    """Whether a Deployment or StatefulSet is an operator, or the etcd that came with it."""
    return item.name.endswith((OPERATOR, ETCD))
