"""Waiting for something in the cluster: watches, a deadline, cancellation."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from sim.plugins.kubernetes.api import Api, ApiError, NoKindError, Object, UnreachableError, Watch
from sim.plugins.server import Engine, Level

RECONNECT: float = 1.0  # seconds before a watch that broke is started again


class End(Enum):
    """Why a wait ended before what it waited for was there."""

    TIMED_OUT = "timed out waiting for the condition"
    CANCELLED = "context canceled"


class EndedError(Exception):
    """The wait is over, without success; `last` is the object's last state, if one was seen."""

    def __init__(self, end: End, last: Object | None = None) -> None:
        super().__init__(end.value)
        self.end, self.last = end, last


@dataclass(frozen=True)
class Operation:
    """One call of the engine on one object."""

    api: Api
    engine: Engine
    urn: str
    cancelled: threading.Event
    timeout: float  # seconds, from customTimeouts; 0 when the resource has none


@dataclass(frozen=True)
class Event:
    """Something that a watch saw. `type` is ADDED, MODIFIED, DELETED, or CONNECTED when the watch (re)started."""

    name: str  # of the Watched
    type: str
    obj: Object


@dataclass(frozen=True)
class Watched:
    """One kind in the feed, by the name its events get there, narrowed by a field or label selector."""

    name: str
    api_version: str
    kind: str
    selector: dict[str, str] = field(default_factory=dict)


class Feed:
    """The events of several watches, in one stream."""

    def __init__(self, api: Api, cancelled: threading.Event, timeout: float) -> None:
        self._api, self._cancelled = api, cancelled
        self._deadline = time.monotonic() + timeout
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._open: list[Watch] = []
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for watch in list(self._open):
            watch.close()

    def add(self, watched: Watched, namespace: str | None) -> None:
        """Watch one kind in a namespace."""
        name = f"watch-{watched.name}"
        threading.Thread(target=self._follow, args=(watched, namespace), daemon=True, name=name).start()

    def _follow(self, watched: Watched, namespace: str | None) -> None:
        while not self._closed.is_set():
            try:
                path = self._api.mapping(watched.api_version, watched.kind).path(namespace)
                watch = self._api.watch(path, watched.selector)
            except (ApiError, NoKindError, UnreachableError):
                # The server may be restarting, or the kind may be going: the waiting call's deadline decides.
                self._closed.wait(RECONNECT)
                continue
            self._open.append(watch)
            self._events.put(Event(watched.name, "CONNECTED", {}))
            for type_, obj in watch:
                self._events.put(Event(watched.name, type_, obj))
            self._open.remove(watch)
            self._closed.wait(RECONNECT)

    def __iter__(self) -> Iterator[Event]:
        """Every event until the deadline.

        Raises:
            EndedError: The deadline passed, or the update was cancelled.
        """
        while True:
            if self._cancelled.is_set():
                raise EndedError(End.CANCELLED)
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise EndedError(End.TIMED_OUT)
            try:
                yield self._events.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue


def named(obj: Object) -> tuple[str, str, str | None, str]:
    """apiVersion, kind, namespace and name of an object: what `Api.get` and `Api.path` take."""
    metadata = obj.get("metadata") or {}
    return obj.get("apiVersion", ""), obj.get("kind", ""), metadata.get("namespace"), metadata.get("name", "")


def full_name(obj: Object) -> str:
    """`namespace/name`, or just the name of an object without a namespace: the id of a resource."""
    _, _, namespace, name = named(obj)
    return f"{namespace}/{name}" if namespace else name


def watch_object(feed: Feed, operation: Operation, obj: Object) -> None:
    """Follow one object in the feed, and the warnings about it."""
    api_version, kind, namespace, name = named(obj)
    feed.add(Watched("object", api_version, kind, {"fieldSelector": f"metadata.name={name}"}), namespace)
    if uid := obj["metadata"].get("uid"):
        selector = {"fieldSelector": f"type=Warning,involvedObject.uid={uid}"}
        feed.add(Watched("warning", "v1", "Event", selector), namespace or "default")


def until_deleted(operation: Operation, obj: Object, timeout: float) -> None:
    """Wait until an object is gone.

    Raises:
        EndedError: It is still there; the error has its last state, whose finalizers say what may hold it.
    """
    last = obj
    with Feed(operation.api, operation.cancelled, timeout) as feed:
        watch_object(feed, operation, obj)
        try:
            for event in feed:
                if event.name == "warning":
                    warn(operation, event)
                elif event.type == "DELETED" or (event.type == "CONNECTED" and not _exists(operation.api, obj)):
                    operation.engine.status(operation.urn, "")
                    return
                elif event.obj:
                    last = event.obj
                    operation.engine.status(operation.urn, "Resource scheduled for deletion")
        except EndedError as ended:
            raise EndedError(ended.end, last) from ended


def _exists(api: Api, obj: Object) -> bool:
    try:
        return api.get(*named(obj))["metadata"].get("uid") == obj["metadata"].get("uid")
    except (ApiError, NoKindError) as error:
        return isinstance(error, ApiError) and error.code != 404
    except UnreachableError:
        return True  # nobody knows; the watch will tell


def warn(operation: Operation, event: Event) -> None:
    """Show a Kubernetes warning event while the resource is worked on."""
    if event.obj:
        message = f"{event.obj.get('reason')}: {event.obj.get('message')}"
        operation.engine.status(operation.urn, message, Level.WARNING)
