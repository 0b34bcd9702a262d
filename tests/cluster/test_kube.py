"""A namespace as the waits see it: what the API server answers, and what becomes of its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import api_server, listed
from tests.support.site import Site
from wideep_cluster import ClusterError, ForbiddenError, UnreachableError
from wideep_cluster.dynamo.drain import POD
from wideep_cluster.kube import OPERATOR_KINDS, KubeNamespace

PODS = "/api/v1/namespaces/ns/pods"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[Site, KubeNamespace]]:
    with api_server(tmp_path) as (site, kubeconfig):
        yield site, KubeNamespace.connect("ns", str(kubeconfig), None)


def _event(kind: str, **body: object) -> str:
    return json.dumps({"type": kind, "object": body}) + "\n"


def _seen(place: KubeNamespace) -> list[tuple[str, bool]]:
    return [(change.item.name, change.gone) for change in place.changes(POD, "7", 1)]


def test_a_listing_has_whole_objects_and_the_version_that_a_watch_goes_on_from(
    there: tuple[Site, KubeNamespace],
) -> None:
    site, place = there
    site.says(PODS, 200, listed({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}}))
    found = place.list(POD)
    assert (found.version, [(item.name, item.labels) for item in found.items]) == ("7", [("p", (("a", "b"),))])
    assert found.items[0].body["spec"] == {"x": 1}


def test_a_kind_that_is_not_served_or_may_not_be_seen_has_no_objects(there: tuple[Site, KubeNamespace]) -> None:
    site, place = there
    deployments = OPERATOR_KINDS[0]
    site.says("/apis/apps/v1/deployments", 403)
    assert [place.list(kind).items for kind in (POD, deployments)] == [(), ()]
    site.says(PODS, 403, {"message": "pods is forbidden"})
    with pytest.raises(ForbiddenError) as refused:
        place.list(POD)
    assert (refused.value.reason, refused.value.is_temporary) == ("pods is forbidden", False)


def test_changes_come_until_the_answer_ends(there: tuple[Site, KubeNamespace]) -> None:
    site, place = there
    pod = {"metadata": {"name": "p", "resourceVersion": "8"}}
    site.says(PODS, 200, _event("MODIFIED", **pod) + _event("DELETED", **pod))
    assert _seen(place) == [("p", False), ("p", True)]


@pytest.mark.parametrize(("status", "body"), [(200, _event("ERROR", code=410, reason="Gone", message="")), (410, "")])
def test_a_version_that_is_too_old_ends_the_watch(there: tuple[Site, KubeNamespace], status: int, body: str) -> None:
    site, place = there
    site.says(PODS, status, body)
    assert _seen(place) == []


@pytest.mark.parametrize(
    ("status", "body"), [(200, _event("ERROR", code=500, reason="InternalError", message="later")), (503, "later")]
)
def test_another_error_is_one_of_ours(there: tuple[Site, KubeNamespace], status: int, body: str) -> None:
    site, place = there
    site.says(PODS, status, body)
    with pytest.raises(ClusterError, match="later") as failed:
        _seen(place)
    assert failed.value.is_temporary


def test_no_answer_is_worth_another_question() -> None:
    assert UnreachableError("no answer").is_temporary
    assert not UnreachableError("log in again", 401).is_temporary
