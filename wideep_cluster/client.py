"""A client for reading a cluster, and for the few objects that are created, changed or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, Field

from wideep.dynamo.api import V1ALPHA1, GraphApi
from wideep.log_lines import readable_line, readable_log
from wideep_cluster.dynamo.graph_api import served_api
from wideep_cluster.errors import ClusterError, ForbiddenError
from wideep_cluster.kinds import GRAPH_GROUP, PODS, Kind
from wideep_cluster.listing import Changes, Listed, Listing, Page
from wideep_cluster.objects import KubeObject, Pod
from wideep_cluster.wire import READ_SECONDS, ApiRequest, Lines, Query, find, read, server_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["Cluster"]

T = TypeVar("T", bound=KubeObject)

PAGE: Final = 500
"""Maximum number of objects in one response."""
BAD_REQUEST: Final = 400
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Content types that return only the metadata of objects: names, labels and annotations."""


class _Version(BaseModel):
    version: str = Field(alias="gitVersion")


class _Named(BaseModel):
    name: str


class _Resources(BaseModel):
    resources: tuple[_Named, ...] = ()


class _Groups(BaseModel):
    groups: tuple[_Named, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """The API server of a cluster, through the official client. It is safe to use from several threads at once."""

    api: ApiClient
    context: str | None
    """The kubeconfig context that the stack names; None: the current one."""

    @property
    def server(self) -> str:
        """The API server's address."""
        return server_of(self.api)

    def version(self) -> str:
        """Return the server's version, such as ``v1.34.1``. Every user may read it.

        Raises:
            UnreachableError: there is no answer.
        """
        asked = ApiRequest("get", "the version", "on the cluster", "/version")
        return _Version.model_validate_json(read(self.api, asked)).version

    def list(self, kind: Kind[T], namespace: str | None = None, *, labels: str = "", fields: str = "") -> Listing[T]:
        """Return all objects of a kind that match both selectors, read page by page. The listing is empty if the
        cluster lacks the kind, or if the user may not list an optional kind.

        Raises:
            ForbiddenError: the user may not list them there.
            UnreachableError: there is no answer.
        """
        page_of = Page[kind.model]
        found: list[T] = []
        selectors = [("labelSelector", labels), ("fieldSelector", fields)]
        query = (("limit", str(PAGE)), *((name, value) for name, value in selectors if value))
        accept = METADATA_LIST if kind.metadata_only else ApiRequest.accept
        asked = self._ask("list", kind, namespace, query=query, accept=accept)
        while True:
            try:
                body = find(self.api, asked)
            except ForbiddenError:
                if not kind.optional:
                    raise
                body = None
            if body is None:
                return Listing((), "")
            page = page_of.model_validate_json(body)
            found += page.items
            if not page.metadata.more:
                return Listing(tuple(found), page.metadata.version)
            asked = replace(asked, query=(*query, ("continue", page.metadata.more)))

    def listed(self, kind: Kind[T], namespace: str | None = None, *, labels: str = "", fields: str = "") -> Listed[T]:
        """Return the objects as ``list`` does, but with an error as a value instead of an exception."""
        try:
            return Listed(self.list(kind, namespace, labels=labels, fields=fields).items)
        except ClusterError as error:
            return Listed(error=error)

    def find(self, kind: Kind[T], name: str, namespace: str | None = None) -> T | None:
        """Return one object; None if there is none of that name.

        Raises:
            ForbiddenError: the user may not read it.
            UnreachableError: there is no answer.
        """
        accept = METADATA if kind.metadata_only else ApiRequest.accept
        body = find(self.api, self._ask("get", kind, namespace, name, accept=accept))
        return None if body is None else kind.model.model_validate_json(body)

    def create(self, kind: Kind[T], namespace: str, manifest: Mapping[str, object]) -> T:
        """Create an object.

        Raises:
            ForbiddenError: the user may not create it there.
            ClusterError: an object of that name exists, or an admission rule refuses it.
        """
        asked = self._ask("create", kind, namespace, method="POST", body=manifest)
        return kind.model.model_validate_json(read(self.api, asked))

    def merge(self, kind: Kind[T], name: str, namespace: str, manifest: Mapping[str, object]) -> None:
        """Create an object, or write the fields of ``manifest`` into the existing one and leave its other fields.

        Raises:
            ForbiddenError: the user may not create or patch it.
            ClusterError: the API server rejects it.
        """
        content = "application/merge-patch+json"
        asked = self._ask("patch", kind, namespace, name, method="PATCH", body=manifest, content=content)
        if find(self.api, asked) is None:
            self.create(kind, namespace, manifest)

    def delete(
        self, kind: Kind[KubeObject], name: str, namespace: str | None = None, *, propagation: str = "Background"
    ) -> None:
        """Delete an object, and after it (``Foreground``: before it) the objects that it owns. Do nothing if it does
        not exist.

        Raises:
            ForbiddenError: the user may not delete it.
            UnreachableError: there is no answer.
        """
        query = (("propagationPolicy", propagation),)
        find(self.api, self._ask("delete", kind, namespace, name, query=query, method="DELETE"))

    def watch(
        self, kind: Kind[T], namespace: str | None, version: str, seconds: int, *, labels: str = ""
    ) -> Changes[T]:
        """Return the changes after ``version`` (that of a Listing) until the time is up. An object that no longer
        matches the labels counts as deleted. The changes end early if the version is too old: list again.

        Raises, when it is read:
            ForbiddenError: the user may not watch them.
            UnreachableError: there is no answer.
        """
        selector = (("labelSelector", labels),) if labels else ()
        query = (("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", str(seconds)), *selector)
        return Changes(kind.model, self.api, self._ask("watch", kind, namespace, query=query), seconds + READ_SECONDS)

    @cached_property
    def graph_api(self) -> GraphApi:
        """The version of the API in which the cluster serves graphs, read once; the oldest if it serves none.

        Raises:
            ClusterError: the API server does not answer.
        """
        return served_api(self) or V1ALPHA1

    def groups(self) -> Listed[str]:
        """Return the API groups that the cluster serves, in any version."""
        try:
            body = read(self.api, ApiRequest("get", "the API groups", "on the cluster", "/apis"))
        except ClusterError as error:
            return Listed(error=error)
        return Listed(tuple(group.name for group in _Groups.model_validate_json(body).groups))

    def serves(self, kind: Kind[KubeObject]) -> bool:
        """Tell whether the cluster serves the kind in the version that is read here."""
        body = find(self.api, ApiRequest("get", f"the API {kind.root}", "on the cluster", kind.root))
        return body is not None and kind.plural in {
            resource.name for resource in _Resources.model_validate_json(body).resources
        }

    def logs(
        self, pod: Pod, container: str | None = None, *, tail: int = 500, previous: bool = False, times: bool = False
    ) -> str | None:
        """Return the last lines of a container's log; None if there is no pod, no log yet, or no previous container.

        With ``times``, each line begins with its timestamp and a space. Lines that Dynamo wrote as JSON are converted
        to text (``wideep.log_lines``).

        Raises:
            ForbiddenError: the user may not read logs.
            UnreachableError: there is no answer.
        """
        query = (("tailLines", str(tail)), *((("container", container),) if container else ()))
        query += (("previous", "true"),) if previous else ()
        query += (("timestamps", "true"),) if times else ()
        body = self._log(pod, query)
        return None if body is None else readable_log(body.decode("utf-8", "replace"), stamped=times)

    def last_line_at(self, pod: Pod, container: str | None = None) -> datetime | None:
        """Return when the container wrote the last line of its log; None if there is none.

        Raises:
            ForbiddenError: the user may not read logs.
            UnreachableError: there is no answer.
        """
        query = (("tailLines", "1"), ("timestamps", "true"), *((("container", container),) if container else ()))
        body = self._log(pod, query)
        stamp = re.match(rb"\d{4}-\S+", body or b"")
        return datetime.fromisoformat(stamp[0].decode()) if stamp else None

    def follow(self, pod: Pod, container: str | None = None, *, tail: int = 10) -> Iterator[str]:
        """Yield the lines of a container's log as they are written, until the container ends.

        Raises:
            ClusterError: there is no log.
        """
        query = (("follow", "true"), ("tailLines", str(tail)), *((("container", container),) if container else ()))
        for raw in Lines(self.api, _log_request(pod, query), None):
            yield from readable_line(raw.decode("utf-8", "replace").rstrip("\n")).split("\n")

    def _ask(self, verb: str, kind: Kind[KubeObject], namespace: str | None, name: str = "", **how: Any) -> ApiRequest:
        if kind.root == GRAPH_GROUP:
            kind = replace(kind, root=self.graph_api.path)
        return ApiRequest(verb, kind.resource, kind.where(namespace), kind.path(namespace, name), **how)

    def _log(self, pod: Pod, query: Query) -> bytes | None:
        try:
            return find(self.api, _log_request(pod, query))
        except ClusterError as error:
            if error.status == BAD_REQUEST:  # the container has not started, or has no previous run
                return None
            raise


def _log_request(pod: Pod, query: Query) -> ApiRequest:
    path = f"{PODS.path(pod.namespace, pod.name)}/log"
    return ApiRequest("get", "pods/log", PODS.where(pod.namespace), path, query)
