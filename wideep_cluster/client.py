"""A cluster that is read; what a verb makes for itself it also creates and deletes here."""

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
"""Objects of one answer."""
BAD_REQUEST: Final = 400
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Names, labels and annotations of objects, and nothing else of them."""


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
    """The API server of a cluster, through the official client. Safe to ask from several threads at once."""

    api: ApiClient
    context: str | None
    """As the stack names it; None: the current one."""

    @property
    def server(self) -> str:
        """The API server's address."""
        return server_of(self.api)

    def version(self) -> str:
        """The server's version, ``v1.34.1``. Everybody may ask for it.

        Raises:
            UnreachableError: there is no answer.
        """
        asked = ApiRequest("get", "the version", "on the cluster", "/version")
        return _Version.model_validate_json(read(self.api, asked)).version

    def list(self, kind: Kind[T], namespace: str | None = None, *, labels: str = "", fields: str = "") -> Listing[T]:
        """All objects of a kind that match both selectors, page by page; none where the cluster lacks the kind, or
        where the user may not see an optional one.

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
        """The same, with what is in the way of seeing them as a value."""
        try:
            return Listed(self.list(kind, namespace, labels=labels, fields=fields).items)
        except ClusterError as error:
            return Listed(error=error)

    def find(self, kind: Kind[T], name: str, namespace: str | None = None) -> T | None:
        """One object; None where there is none of that name.

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
            ClusterError: there is one of that name, or an admission rule refuses it.
        """
        asked = self._ask("create", kind, namespace, method="POST", body=manifest)
        return kind.model.model_validate_json(read(self.api, asked))

    def merge(self, kind: Kind[T], name: str, namespace: str, manifest: Mapping[str, object]) -> None:
        """Create an object, or write the fields of ``manifest`` into the one of that name and leave its others.

        Raises:
            ForbiddenError: the user may not create or patch it.
            ClusterError: the API server does not take it.
        """
        content = "application/merge-patch+json"
        asked = self._ask("patch", kind, namespace, name, method="PATCH", body=manifest, content=content)
        if find(self.api, asked) is None:
            self.create(kind, namespace, manifest)

    def delete(
        self, kind: Kind[KubeObject], name: str, namespace: str | None = None, *, propagation: str = "Background"
    ) -> None:
        """Delete an object, and what it owns after it (``Foreground``: before it). None of that name is none to delete.

        Raises:
            ForbiddenError: the user may not delete it.
            UnreachableError: there is no answer.
        """
        query = (("propagationPolicy", propagation),)
        find(self.api, self._ask("delete", kind, namespace, name, query=query, method="DELETE"))

    def watch(
        self, kind: Kind[T], namespace: str | None, version: str, seconds: int, *, labels: str = ""
    ) -> Changes[T]:
        """What changes after ``version`` (a Listing's) until the time is up. One that no longer has the labels is gone.
        Ends early when the version is too old:
        list again.

        Raises, when it is read:
            ForbiddenError: the user may not watch them.
            UnreachableError: there is no answer.
        """
        selector = (("labelSelector", labels),) if labels else ()
        query = (("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", str(seconds)), *selector)
        return Changes(kind.model, self.api, self._ask("watch", kind, namespace, query=query), seconds + READ_SECONDS)

    @cached_property
    def graph_api(self) -> GraphApi:
        """The API in which the cluster serves graphs, asked once; the oldest where it serves none.

        Raises:
            ClusterError: the API server does not answer.
        """
        return served_api(self) or V1ALPHA1

    def groups(self) -> Listed[str]:
        """API groups that the cluster serves, in whatever version."""
        try:
            body = read(self.api, ApiRequest("get", "the API groups", "on the cluster", "/apis"))
        except ClusterError as error:
            return Listed(error=error)
        return Listed(tuple(group.name for group in _Groups.model_validate_json(body).groups))

    def serves(self, kind: Kind[KubeObject]) -> bool:
        """Whether the cluster knows the kind, in the version that is read here."""
        body = find(self.api, ApiRequest("get", f"the API {kind.root}", "on the cluster", kind.root))
        return body is not None and kind.plural in {
            resource.name for resource in _Resources.model_validate_json(body).resources
        }

    def logs(
        self, pod: Pod, container: str | None = None, *, tail: int = 500, previous: bool = False, times: bool = False
    ) -> str | None:
        """The last lines of a container's log; None where there is no pod, no log yet, or no container before this.

        With ``times`` each line begins with the moment at which it was written, and a space. Lines that Dynamo wrote as
        JSON come as text (``wideep.log_lines``).

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
        """When the container wrote the last line of its log; None where there is none.

        Raises:
            ForbiddenError: the user may not read logs.
            UnreachableError: there is no answer.
        """
        query = (("tailLines", "1"), ("timestamps", "true"), *((("container", container),) if container else ()))
        body = self._log(pod, query)
        stamp = re.match(rb"\d{4}-\S+", body or b"")
        return datetime.fromisoformat(stamp[0].decode()) if stamp else None

    def follow(self, pod: Pod, container: str | None = None, *, tail: int = 10) -> Iterator[str]:
        """A container's log, line by line as it is written, until the container ends.

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
            if error.status == BAD_REQUEST:  # the container has not started, or never did before
                return None
            raise


def _log_request(pod: Pod, query: Query) -> ApiRequest:
    path = f"{PODS.path(pod.namespace, pod.name)}/log"
    return ApiRequest("get", "pods/log", PODS.where(pod.namespace), path, query)
