"""A cluster as the waits see it: what the API server answers, and what becomes of its errors."""

from __future__ import annotations

import json
import queue
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, Configuration

from tests.support.api import api_server, listed
from tests.support.site import Site
from wideep_cluster import Cluster, ClusterError, ForbiddenError, UnreachableError
from wideep_cluster.dynamo.operator import OPERATOR_KINDS
from wideep_cluster.kinds import PODS
from wideep_cluster.kubeconfig import connect

PATH = PODS.path("ns")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[Site, Cluster]]:
    with api_server(tmp_path) as (site, kubeconfig):
        yield site, connect(str(kubeconfig), None)


def _event(kind: str, **body: object) -> str:
    return json.dumps({"type": kind, "object": body}) + "\n"


def _seen(cluster: Cluster) -> list[tuple[str, bool]]:
    return [(change.item.name, change.gone) for change in cluster.watch(PODS, "ns", "7", 1)]


def test_a_listing_has_whole_objects_and_the_version_that_a_watch_goes_on_from(
    there: tuple[Site, Cluster],
) -> None:
    site, cluster = there
    site.says(PATH, 200, listed({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"nodeName": "n"}}))
    found = cluster.list(PODS, "ns")
    assert (found.version, [(item.name, item.labels) for item in found.items]) == ("7", [("p", {"a": "b"})])
    assert found.items[0].spec.node_name == "n"


def test_a_kind_that_is_not_served_or_may_not_be_seen_has_no_objects(there: tuple[Site, Cluster]) -> None:
    site, cluster = there
    deployments = OPERATOR_KINDS[0]
    site.says("/apis/apps/v1/deployments", 403)
    assert [cluster.list(kind, "ns").items for kind in (PODS, deployments)] == [(), ()]
    site.says(PATH, 403, {"message": "pods is forbidden"})
    with pytest.raises(ForbiddenError) as refused:
        cluster.list(PODS, "ns")
    assert (refused.value.reason, refused.value.is_temporary) == ("pods is forbidden", False)


def test_changes_come_until_the_answer_ends(there: tuple[Site, Cluster]) -> None:
    site, cluster = there
    pod = {"metadata": {"name": "p", "resourceVersion": "8"}}
    site.says(PATH, 200, _event("MODIFIED", **pod) + _event("DELETED", **pod))
    assert _seen(cluster) == [("p", False), ("p", True)]


def test_the_api_server_selects_what_is_watched_by_its_labels(there: tuple[Site, Cluster]) -> None:
    site, cluster = there
    site.says(PATH, 200, "")
    assert list(cluster.watch(PODS, "ns", "7", 1, labels="graph=ours")) == _seen(cluster) == []
    assert [query.get("labelSelector") for query in site.queries] == [["graph=ours"], None]


@pytest.mark.parametrize(("status", "body"), [(200, _event("ERROR", code=410, reason="Gone", message="")), (410, "")])
def test_a_version_that_is_too_old_ends_the_watch(there: tuple[Site, Cluster], status: int, body: str) -> None:
    site, cluster = there
    site.says(PATH, status, body)
    assert _seen(cluster) == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, _event("ERROR", code=500, reason="InternalError", message="later")), (503, "later")]
)
def test_another_error_is_one_of_ours(there: tuple[Site, Cluster], status: int, body: str) -> None:
    site, cluster = there
    site.says(PATH, status, body)
    with pytest.raises(ClusterError, match="later") as failed:
        _seen(cluster)
    assert failed.value.is_temporary


def test_a_watch_that_is_silent_is_closed_from_another_thread() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    line = _event("ADDED", metadata={"name": "p"}).encode()
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as reader:
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        watched = Cluster(ApiClient(Configuration(host=host)), None).watch(PODS, "ns", "7", 60)
        seen: queue.SimpleQueue[str] = queue.SimpleQueue()
        reading = reader.submit(lambda: [seen.put(change.item.name) for change in watched])
        connection, _ = server.accept()
        with connection:
            connection.sendall(head + b"%x\r\n%s\r\n" % (len(line), line))
            assert seen.get(timeout=30) == "p"
            watched.close()
            assert len(reading.result(timeout=30)) == 1


def test_no_answer_is_worth_another_question() -> None:
    assert UnreachableError("no answer").is_temporary
    assert not UnreachableError("log in again", 401).is_temporary
