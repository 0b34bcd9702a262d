"""Lines of several logs as one stream."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from wideep.masking import masked, visible
from wideep_cli.errors import CallError
from wideep_cli.logs.source import Source
from wideep_cluster import Cluster, ClusterError

__all__ = ["Line", "followed", "pattern", "written"]

AT_ONCE: Final = 8
"""Logs that are read in parallel."""
ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Colours that a program writes into its log."""


@dataclass(frozen=True)
class Line:
    """One line. ``time`` is in RFC 3339; empty if the log is followed."""

    place: str
    pod: str
    time: str
    text: str


def pattern(text: str | None) -> re.Pattern[str] | None:
    """Compile a regular expression that ignores case; None for None.

    Raises:
        CallError: the text is not a regular expression.
    """
    if text is None:
        return None
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise CallError(
            f"--grep {text}: {error}.", f"To find the characters themselves: --grep '{re.escape(text)}'"
        ) from error


def written(
    cluster: Cluster, found: tuple[Source, ...], tail: int, previous: bool, wanted: re.Pattern[str] | None
) -> tuple[list[Line], list[str]]:
    """Return those of each log's last ``tail`` lines that match, by time, and the places that have no log."""

    def read(source: Source) -> str | None:
        return cluster.logs(source.pod, source.container, tail=tail, previous=previous, times=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        texts = list(pool.map(read, found))
    lines = [
        line
        for source, text in zip(found, texts, strict=True)
        for line in _lines(source, text or "")
        if wanted is None or wanted.search(line.text)
    ]
    silent = [source.place for source, text in zip(found, texts, strict=True) if text is None]
    return sorted(lines, key=lambda line: line.time), silent


def _lines(source: Source, text: str) -> Iterator[Line]:
    for raw in text.splitlines():
        time, _, rest = raw.partition(" ")
        yield Line(source.place, source.pod.name, time, _clean(rest))


def _clean(text: str) -> str:
    return visible(masked(ESCAPES.sub("", text)))


def followed(
    cluster: Cluster, found: tuple[Source, ...], tail: int, wanted: re.Pattern[str] | None
) -> Iterator[Line | ClusterError]:
    """Yield lines of all logs as they are written, until every container has exited; an error for an unreadable log."""
    arrived: queue.Queue[Line | ClusterError | None] = queue.Queue(maxsize=1000)

    def read(source: Source) -> None:
        try:
            for text in cluster.follow(source.pod, source.container, tail=tail):
                arrived.put(Line(source.place, source.pod.name, "", _clean(text)))
        except ClusterError as error:
            arrived.put(error)
        finally:
            arrived.put(None)

    for source in found:
        threading.Thread(target=read, args=(source,), name=f"log {source.place}", daemon=True).start()
    open_logs = len(found)
    while open_logs:
        item = arrived.get()
        if item is None:
            open_logs -= 1
        elif isinstance(item, ClusterError) or wanted is None or wanted.search(item.text):
            yield item
