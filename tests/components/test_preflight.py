"""Read-only checks of what the stack is about to make, in a preview as in an `up`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.stack_preflight import OnCluster, run_preflight
from tests.support.api import api_server, listed
from tests.support.engine import PROJECT, run
from tests.support.plans import plan_of
from tests.support.site import Site
from wideep.resource_names import ANY_CLUSTER, CRDS_RELEASE, PLATFORM_RELEASE

RECORDS = {name: f"/api/v1/namespaces/{name}/secrets" for name in ("default", "dynamo-workshop")}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES = "/api/v1/persistentvolumes"
INSTALLED = {CRDS_RELEASE.name: {}, PLATFORM_RELEASE.name: {}}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    """A cluster with nothing on it, and no storage class."""
    with api_server(tmp_path) as (site, kubeconfig):
        for path in (*RECORDS.values(), CRDS, CLASSES, VOLUMES, "/apis/apps/v1/deployments", "/api/v1/namespaces"):
            site.says(path, 200, listed(), Content_Type="application/json")
        yield site, kubeconfig


def _run(cluster: tuple[Site, Path], *, preview: bool, state: dict[str, Any] | None = None) -> list[str]:
    def program() -> None:
        pulumi.runtime.set_all_config({f"{PROJECT}:namespace": "n", "kubernetes:kubeconfig": str(cluster[1])})
        plan = plan_of(modelCache={"size": "1Ti", "storageClass": "fast"}, image={"source": "build", **IMAGE})
        assert run_preflight(plan) == OnCluster()

    return run(program, preview=preview, state=state).log


IMAGE = {"repository": "127.0.0.1:1/dynamo", "tag": "1"}
PREVIEW_AND_UP = pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])


def _has_storage(site: Site) -> None:
    site.says(CLASSES, 200, listed({"metadata": {"name": "fast"}, "provisioner": "p"}), Content_Type="application/json")


@PREVIEW_AND_UP
def test_a_storage_class_that_is_missing_is_refused(cluster: tuple[Site, Path], preview: bool) -> None:
    with pytest.raises(pulumi.RunError, match=r"modelCache\.storageClass: fast"):
        _run(cluster, preview=preview)


@PREVIEW_AND_UP
@pytest.mark.parametrize(
    ("status", "words"), [("deployed", "is not owned by this stack"), ("pending-install", "another run is active")]
)
def test_a_release_of_somebody_else_is_refused(
    cluster: tuple[Site, Path], preview: bool, status: str, words: str
) -> None:
    empty = "SDRzSUFBQUFBQUFDQTZ0V3lzeEx5MWV5VXFpdXJRVUFrQk9Tend3QUFBQT0="
    record = {"metadata": {"name": "r", "labels": {"status": status}}, "data": {"release": empty}}
    cluster[0].says(RECORDS["default"], 200, listed(record), Content_Type="application/json")
    with pytest.raises(pulumi.RunError, match=words):
        _run(cluster, preview=preview)


@PREVIEW_AND_UP
def test_crds_of_another_release_are_refused(cluster: tuple[Site, Path], preview: bool) -> None:
    crd = {"metadata": {"name": "dynamographdeployments.nvidia.com"}, "spec": CRD_SPEC}
    cluster[0].says(CRDS, 200, listed(crd), Content_Type="application/json")
    with pytest.raises(pulumi.RunError, match="belongs to no Helm release"):
        _run(cluster, preview=preview)


@PREVIEW_AND_UP
def test_crds_with_versions_that_the_release_lacks_are_refused_before_helm_is_asked_to_take_them(
    cluster: tuple[Site, Path], preview: bool
) -> None:
    crd = {"metadata": {"name": "dynamographdeployments.nvidia.com"}, "status": {"storedVersions": ["v1beta1"]}}
    cluster[0].says(f"{CRDS}/dynamographdeployments.nvidia.com", 200, crd, Content_Type="application/json")
    with pytest.raises(pulumi.RunError, match=r"storedVersions is \[v1beta1\]"):
        _run(cluster, preview=preview)


CRD_SPEC = {
    "group": "nvidia.com",
    "names": {"kind": "DynamoGraphDeployment", "plural": "dynamographdeployments"},
    "scope": "Namespaced",
    "versions": [{"name": "v1alpha1", "served": True, "storage": True}],
}


def test_a_release_that_helm_no_longer_has_stops_up_and_not_the_preview_of_a_refresh(
    cluster: tuple[Site, Path],
) -> None:
    _has_storage(cluster[0])
    assert any("but not on the cluster" in line for line in _run(cluster, preview=True, state=INSTALLED))
    with pytest.raises(pulumi.RunError, match="but not on the cluster"):
        _run(cluster, preview=False, state=INSTALLED)


def test_the_preview_that_adopt_runs_is_not_refused(
    cluster: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ANY_CLUSTER, "1")
    _run(cluster, preview=True)


@PREVIEW_AND_UP
def test_a_run_says_which_cluster_it_acts_on(cluster: tuple[Site, Path], preview: bool) -> None:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    fast = {"metadata": {"name": "fast", "annotations": default}, "provisioner": "p"}
    cluster[0].says(CLASSES, 200, listed(fast), Content_Type="application/json")
    said = [line for line in _run(cluster, preview=preview) if "Kubernetes cluster: http://127.0.0.1:" in line]
    assert len(said) == 1
