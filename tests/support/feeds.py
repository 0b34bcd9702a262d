"""Watches of a fake cluster: what a test puts in comes out of the stream of its kind."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Change

__all__ = ["Feed", "Feeds"]

News = Change | Exception


@dataclass(frozen=True)
class Feed:
    """One watch, until it is closed. An exception in the queue is raised in its turn."""

    news: queue.SimpleQueue[News]
    closed: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[Change]:
        while not self.closed.is_set():
            try:
                new = self.news.get(timeout=0.01)
            except queue.Empty:
                continue
            if isinstance(new, Exception):
                raise new
            yield new

    def close(self) -> None:
        self.closed.set()


class Feeds:
    """All watches. News of kinds that are not watched yet are kept."""

    def __init__(self) -> None:
        self._by_kind: defaultdict[Kind, queue.SimpleQueue[News]] = defaultdict(queue.SimpleQueue)

    def feed(self, kind: Kind) -> Feed:
        """Return a new watch of a kind."""
        return Feed(self._by_kind[kind])

    def put(self, kind: Kind, new: News) -> None:
        """Add a change of an object of a kind, or a failure of its watch."""
        self._by_kind[kind].put(new)
