"""The log of a container as the API has it: Dynamo's JSON lines come as text to everyone who reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live import pod
from wideep_cluster import Cluster, client

STAMP = "2026-11-28T12:53:58.430839Z"
LINE = f'{{"time":"{STAMP}","level":"INFO","target":"main","message":"ready\\nfor requests"}}'
TEXT = [f"{STAMP} INFO main: ready", "for requests"]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose every log has a line of either form."""

    def find(_api: object, asked: client.ApiRequest) -> bytes:
        stamp = f"{STAMP} " if ("timestamps", "true") in asked.query else ""
        return f"{stamp}{LINE}\n{stamp}as it is\n".encode()

    def lines(*_: object) -> Iterator[bytes]:
        yield from (f"{LINE}\n".encode(), b"as it is\n")

    monkeypatch.setattr(client, "find", find)
    monkeypatch.setattr(client, "Lines", lines)
    return Cluster(None, None)  # pyright: ignore[reportArgumentType]


def test_a_log_comes_as_text(cluster: Cluster) -> None:
    assert (cluster.logs(pod("a")) or "").splitlines() == [*TEXT, "as it is"]


def test_each_line_keeps_the_moment_at_which_it_was_written(cluster: Cluster) -> None:
    log = cluster.logs(pod("a"), times=True) or ""
    assert log.splitlines() == [f"{STAMP} {line}" for line in (*TEXT, "as it is")]


def test_a_log_that_is_followed_comes_as_text(cluster: Cluster) -> None:
    assert list(cluster.follow(pod("a"))) == [*TEXT, "as it is"]
