"""CRDs that a newer release of Dynamo left are refused by `pulumi up` and `wideep doctor` before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.preflight.cluster import check_versions
from tests.support.api import api_server, listed
from tests.support.cases import failures, view
from tests.support.site import Site
from wideep.dynamo.releases import ROWS
from wideep_cluster.dynamo.crds import find_unknown_versions
from wideep_cluster.kube import KubeNamespace

COMPONENTS, GRAPHS = "dynamocomponentdeployments", "dynamographdeployments"
OBJECTS = "/apis/nvidia.com/v1beta1/{}"
DELETE = f"kubectl delete crd {COMPONENTS}.nvidia.com {GRAPHS}.nvidia.com"


def config_of(version: str) -> dict[str, Any]:
    """Of a stack on a release, with an image that needs no build."""
    return {"platform": {"version": version}, "image": {"source": "published"}} if version != "0.6.0" else {}


class Left:
    """A cluster with Dynamo's CRDs of some release and no objects of them, until a test says otherwise."""

    def __init__(self, site: Site, place: KubeNamespace) -> None:
        self.site, self.place = site, place
        self.stores("v1beta1")

    def stores(self, *versions: str) -> None:
        kept = [{"name": version, "served": True, "storage": version == versions[-1]} for version in versions]
        for plural in (COMPONENTS, GRAPHS):
            name = f"{plural}.nvidia.com"
            crd = {"metadata": {"name": name}, "spec": {"versions": kept}, "status": {"storedVersions": versions}}
            self.site.says(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}", 200, crd)
            self.site.says(OBJECTS.format(plural), 200, listed())

    def refuses(self, version: str = "0.6.0") -> str:
        """What `pulumi up` says, after the doctor said the same; empty where neither refuses."""
        look = view(deployed=False, unknown_versions=find_unknown_versions(self.place.cluster, version))
        told = [each for each in failures(look, **config_of(version)) if each.key == "platform.version"]
        said = _error_of(lambda: check_versions(self.place, version))
        assert len(told) == bool(said)
        assert all(words in said for each in told for words in (each.what[1:-1], *each.fix))
        return said


def _error_of(check: Callable[[], None]) -> str:
    try:
        check()
    except pulumi.RunError as error:
        return str(error)
    return ""


@pytest.fixture
def left(tmp_path: Path) -> Iterator[Left]:
    with api_server(tmp_path) as (site, kubeconfig):
        yield Left(site, KubeNamespace.connect("ns", str(kubeconfig), None))


@pytest.mark.parametrize(
    ("stored", "version", "refused"),
    [
        (("v1beta1",), "0.6.0", True),
        (("v1alpha1", "v1beta1"), "0.6.0", True),
        (("v1alpha1", "v1beta1"), "1.1.1", True),
        (("v1alpha1", "v1beta1"), "1.2.1", False),
        (("v1beta1",), "1.6.1", False),
        (("v1alpha1",), "0.6.0", False),
        (("v1alpha1",), "1.6.1", False),
        (("v1beta1", "v9"), "1.6.1", True),
    ],
)
def test_a_stored_version_that_the_release_lacks_is_refused(
    left: Left, stored: tuple[str, ...], version: str, refused: bool
) -> None:
    left.stores(*stored)
    assert bool(left.refuses(version)) is refused


def test_the_message_has_the_versions_the_release_that_has_them_and_the_command(left: Left) -> None:
    left.stores("v1alpha1", "v1beta1")
    said = left.refuses()
    assert "status.storedVersions is [v1alpha1, v1beta1]" in said
    assert "the CRDs of Dynamo 0.6.0 have only v1alpha1" in said
    assert "Dynamo 1.2 brought v1beta1" in said
    assert DELETE in said
    assert f"set platform.version: {ROWS[-1].version}" in said


def test_crds_that_somebody_uses_are_not_to_be_deleted(left: Left) -> None:
    left.site.says(OBJECTS.format(GRAPHS), 200, listed({"metadata": {"name": "chat", "namespace": "team"}}))
    said = left.refuses()
    assert f"they are in use ({GRAPHS} team/chat)" in said
    assert "kubectl delete" not in said
    assert f"set platform.version: {ROWS[-1].version}" in said


def test_who_may_not_see_the_users_is_told_to_look_before_deleting(left: Left) -> None:
    left.site.says(OBJECTS.format(GRAPHS), 403)
    said = left.refuses()
    assert said.index("kubectl get dcd,dgd -A") < said.index(DELETE)


def test_a_version_that_no_release_has_names_none(left: Left) -> None:
    left.stores("v9")
    said = left.refuses("1.6.1")
    assert "no known release has v9" in said
    assert "set platform.version" not in said


def test_a_cluster_without_the_crds_passes(left: Left) -> None:
    left.site.answers.clear()
    assert left.refuses() == ""
