"""A current view of the objects of some kinds, kept by watches: while nothing changes, no requests are sent."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self, TypeVar, cast

from wideep_cluster.kinds import Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.listing import Change, Changes, Listing
from wideep_cluster.objects import KubeObject

__all__ = ["Informer"]

T = TypeVar("T", bound=KubeObject)

WATCH_SECONDS: Final = 300
"""After this time a watch is replaced by a new one, from a new list."""
PAUSE_SECONDS: Final = 1
"""Pause between two watches of a server that ends them at once."""
SETTLE_SECONDS: Final = 0.2
"""Changes come in bursts; one wait returns a whole burst."""
AnyKind = Kind[KubeObject]
Predicate = Callable[[AnyKind, KubeObject], bool]
Event = tuple[AnyKind, Change[KubeObject] | Listing[KubeObject]] | Exception


class Informer:
    """The objects of these kinds for which ``concerns`` is true. They are listed once and watched from the first wait
    on, each kind in its own thread, until the block ends.

    The constructor, or a later wait, raises the errors of the API server and of the connection to it.
    """

    def __init__(
        self,
        place: KubeNamespace,
        kinds: Sequence[AnyKind],
        concerns: Predicate,
        labels: Mapping[AnyKind, str] | None = None,
    ) -> None:
        """List the objects. ``labels`` are selectors, by kind, with which the API server leaves out irrelevant
        objects."""
        self._place, self._concerns = place, concerns
        self._selectors = {kind: {"labels": selector} for kind, selector in (labels or {}).items()}
        self._listings = {kind: self._list(kind) for kind in kinds}
        self._now = {kind: self._of(kind, listing) for kind, listing in self._listings.items()}
        self._news: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._streams: dict[AnyKind, Changes[KubeObject]] = {}
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for stream in list(self._streams.values()):
            stream.close()

    def items(self, kind: Kind[T]) -> list[T]:
        """Return the objects of a kind as of the last wait."""
        return cast("list[T]", list(self._now[kind].values()))

    def wait(self, seconds: float) -> set[AnyKind]:
        """Wait until something changes, and return the kinds that have changed; empty if the time is up."""
        self._start()
        try:
            news = [self._news.get(timeout=max(0.0, seconds))]
        except queue.Empty:
            return set()
        time.sleep(SETTLE_SECONDS)
        while not self._news.empty():
            news.append(self._news.get())
        return {self._take(each) for each in news}

    def _start(self) -> None:
        """Start a thread for each kind that the cluster knows, at the first wait."""
        while self._listings:
            kind, listing = self._listings.popitem()
            if listing.version:
                follow = threading.Thread(target=self._follow, args=(kind, listing.version), daemon=True)
                follow.start()

    def _take(self, news: Event) -> AnyKind:
        if isinstance(news, Exception):
            raise news
        kind, seen = news
        if isinstance(seen, Listing):
            self._now[kind] = self._of(kind, seen)
        elif seen.gone:
            self._now[kind].pop(seen.item.name, None)
        else:
            self._now[kind][seen.item.name] = seen.item
        return kind

    def _of(self, kind: AnyKind, listing: Listing[KubeObject]) -> dict[str, KubeObject]:
        return {item.name: item for item in listing.items if self._concerns(kind, item)}

    def _list(self, kind: AnyKind) -> Listing[KubeObject]:
        return self._place.cluster.list(kind, self._place.name, **self._selectors.get(kind, {}))

    def _follow(self, kind: AnyKind, version: str) -> None:
        """Run one watch after another; the next wait raises any error that ends them."""
        cluster, namespace, selector = self._place.cluster, self._place.name, self._selectors.get(kind, {})
        try:
            while True:
                stream = self._streams[kind] = cluster.watch(kind, namespace, version, WATCH_SECONDS, **selector)
                if self._over.is_set():
                    return
                for change in stream:
                    if self._concerns(kind, change.item):
                        self._news.put((kind, change))
                if self._over.wait(PAUSE_SECONDS):
                    return
                listing = self._list(kind)
                self._news.put((kind, listing))
                version = listing.version
        except Exception as error:  # of any class: the waiting thread has to raise it
            self._news.put(error)
