"""Objects of some kinds as they are now, kept so by watches: while nothing changes, nothing is asked of the cluster."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, Self

from wideep_cluster.dynamo.operator import OperatorStatus
from wideep_cluster.kube_objects import Change, Item, Kind, Listing

__all__ = ["EventStream", "Informer", "NamespacedClient"]

WATCH_SECONDS: Final = 300
"""A watch that is so old is begun anew, from a new list."""
PAUSE_SECONDS: Final = 1
"""Between two watches of a server that ends them at once."""
SETTLE_SECONDS: Final = 0.2
"""Changes come in bursts: one answer for each."""
Predicate = Callable[[Kind, Item], bool]
Event = tuple[Kind, Change | Listing] | Exception


class EventStream(Protocol):
    """What changes of a kind, as it comes (``wideep_cluster.kube.Changes``)."""

    def __iter__(self) -> Iterator[Change]: ...

    def close(self) -> None: ...


class NamespacedClient(Protocol):
    """A namespace, as far as it is looked at here (``wideep_cluster.kube.KubeNamespace``)."""

    @property
    def name(self) -> str: ...

    def list(self, kind: Kind) -> Listing: ...

    def changes(self, kind: Kind, version: str, seconds: int) -> EventStream: ...

    def operator(self) -> OperatorStatus: ...


class Informer:
    """The objects of these kinds that concern somebody. They are listed once, and from the first wait on watched, each
    kind in a thread, until the block ends.

    Raises what the API server or the way to it raises, when it is made or in a later wait.
    """

    def __init__(self, place: NamespacedClient, kinds: Sequence[Kind], concerns: Predicate) -> None:
        self._place, self._concerns = place, concerns
        self._listings = {kind: place.list(kind) for kind in kinds}
        self._now = {kind: self._of(kind, listing) for kind, listing in self._listings.items()}
        self._news: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._streams: dict[Kind, EventStream] = {}
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for stream in list(self._streams.values()):
            stream.close()

    def items(self, kind: Kind) -> list[Item]:
        """What there was of a kind after the last wait."""
        return list(self._now[kind].values())

    def wait(self, seconds: float) -> set[Kind]:
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

    def _take(self, news: Event) -> Kind:
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

    def _of(self, kind: Kind, listing: Listing) -> dict[str, Item]:
        return {item.name: item for item in listing.items if self._concerns(kind, item)}

    def _follow(self, kind: Kind, version: str) -> None:
        """Watch after watch; whatever ends it is raised by the next wait."""
        try:
            while not self._over.is_set():
                stream = self._streams[kind] = self._place.changes(kind, version, WATCH_SECONDS)
                for change in stream:
                    if self._concerns(kind, change.item):
                        self._news.put((kind, change))
                if self._over.wait(PAUSE_SECONDS):
                    return
                listing = self._place.list(kind)
                self._news.put((kind, listing))
                version = listing.version
        except Exception as error:  # of any class: the thread that waits has to hear of it
            self._news.put(error)
