"""Objects of some kinds as they are now, kept so by watches: while nothing changes, nothing is asked of the cluster."""

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
"""A watch that is so old is begun anew, from a new list."""
PAUSE_SECONDS: Final = 1
"""Between two watches of a server that ends them at once."""
SETTLE_SECONDS: Final = 0.2
"""Changes come in bursts: one answer for each."""
AnyKind = Kind[KubeObject]
Predicate = Callable[[AnyKind, KubeObject], bool]
Event = tuple[AnyKind, Change[KubeObject] | Listing[KubeObject]] | Exception


class Informer:
    """The objects of these kinds that concern somebody. They are listed once, and from the first wait on watched, each
    kind in a thread, until the block ends.

    Raises what the API server or the way to it raises, when it is made or in a later wait.
    """

    def __init__(
        self,
        place: KubeNamespace,
        kinds: Sequence[AnyKind],
        concerns: Predicate,
        labels: Mapping[AnyKind, str] | None = None,
    ) -> None:
        """``labels``: selectors of some kinds, by which the API server leaves out what concerns nobody."""
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
        """What there was of a kind after the last wait."""
        return cast("list[T]", list(self._now[kind].values()))

    def wait(self, seconds: float) -> set[AnyKind]:
        """Until something has changed: the kinds of it. None of them: the time has passed."""
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
        """One thread for each kind that the cluster knows, at the first wait."""
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
        """Watch after watch; whatever ends it is raised by the next wait."""
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
        except Exception as error:  # of any class: the thread that waits has to hear of it
            self._news.put(error)
