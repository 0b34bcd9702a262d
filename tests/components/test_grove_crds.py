"""The CRDs of Grove and KAI: found in the chart wherever it comes from, and made where the cluster has none."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiException

from components.dynamic import grove_crds
from components.dynamic.grove_crds import GroveCrdsProvider, bring, crds_of
from tests.support.plans import ROOT
from tests.support.site import Site, serving
from wideep_cluster.charts import Chart, ChartError

NAME, VERSION = "dynamo-platform", "0.6.0"
GROVE = {"podcliques.grove.io", "podcliquescalinggroups.grove.io", "podcliquesets.grove.io"}
KAI = {"queues.scheduling.run.ai"}


def packed(root: Path, prefix: str) -> bytes:
    """The folder as ``helm package`` packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(root, prefix)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def archive() -> bytes:
    return packed(ROOT / "sim" / "charts" / NAME, NAME)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as there:
        yield there


@pytest.fixture(params=["unpacked", "folder", "repository", "registry"])
def chart(request: pytest.FixtureRequest, archive: bytes, site: Site, tmp_path: Path) -> Chart:
    """The platform's chart, somewhere."""
    if request.param == "unpacked":
        return Chart(str(ROOT / "sim" / "charts"), NAME, VERSION)
    if request.param == "folder":
        (tmp_path / f"{NAME}-{VERSION}.tgz").write_bytes(archive)
        return Chart(str(tmp_path), NAME, VERSION)
    if request.param == "repository":
        site.says("/index.yaml", 200, {"entries": {NAME: [{"version": VERSION, "urls": [f"{NAME}-{VERSION}.tgz"]}]}})
        site.says(f"/{NAME}-{VERSION}.tgz", 200, archive)
        return Chart(f"http://{site.address}", NAME, VERSION)
    digest = f"sha256:{hashlib.sha256(archive).hexdigest()}"
    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest}
    site.says(f"/v2/{NAME}/manifests/{VERSION}", 200, {"layers": [layer]})
    site.says(f"/v2/{NAME}/blobs/{digest}", 200, archive)
    return Chart(f"oci://{site.address}", NAME, VERSION)


def names(crds: list[dict[str, Any]]) -> set[str]:
    return {crd["metadata"]["name"] for crd in crds}


def test_the_crds_of_the_sub_charts_are_found_by_the_keys_of_their_values(chart: Chart) -> None:
    files = list(chart.files())
    assert names(crds_of(files, ("grove", "kai-scheduler"))) == GROVE | KAI
    assert names(crds_of(files, ("grove",))) == GROVE
    assert names(crds_of(files, ())) == set()


def test_sub_charts_may_be_archives_themselves(tmp_path: Path) -> None:
    """As ``helm dependency build`` leaves them in a checkout."""
    grove = ROOT / "sim" / "charts" / NAME / "charts" / "grove-charts"
    root = tmp_path / NAME
    (root / "charts").mkdir(parents=True)
    (root / "Chart.yaml").write_bytes((grove.parents[1] / "Chart.yaml").read_bytes())
    (root / "charts" / "grove-charts-0.1.0.tgz").write_bytes(packed(grove, "grove-charts"))
    assert names(crds_of(Chart(str(tmp_path), NAME, VERSION).files(), ("grove",))) == GROVE


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"layers": []}, "is not a chart"),
        (
            {"layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": "sha256:0"}]},
            "404",
        ),
    ],
)
def test_what_a_registry_has_in_place_of_a_chart_is_told(manifest: object, says: str, site: Site) -> None:
    site.says(f"/v2/{NAME}/manifests/{VERSION}", 200, json.dumps(manifest))
    with pytest.raises(ChartError, match=says):
        list(Chart(f"oci://{site.address}", NAME, VERSION).files())


def test_an_archive_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}-{VERSION}.tgz").write_bytes(b"<html>")
    with pytest.raises(ChartError, match="not a gzip file"):
        list(Chart(str(tmp_path), NAME, VERSION).files())


class Api:
    """An API server with some CRDs; one that is made is served at the second look."""

    def __init__(self, *there: str, refuses: int = 0) -> None:
        self.looks = dict.fromkeys(there, 1)
        self.patched: dict[str, dict[str, Any]] = {}
        self.refuses = refuses

    def create_custom_resource_definition(self, body: dict[str, Any]) -> None:
        name = body["metadata"]["name"]
        if self.refuses or name in self.looks:
            raise ApiException(status=self.refuses or 409)
        self.looks[name] = 0

    def patch_custom_resource_definition(self, name: str, body: dict[str, Any]) -> None:
        self.patched[name] = body

    def read_custom_resource_definition(self, name: str) -> object:
        self.looks[name] += 1
        established = SimpleNamespace(type="Established", status="True" if self.looks[name] > 1 else "False")
        return SimpleNamespace(status=SimpleNamespace(conditions=[established]))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grove_crds, "RETRY_SECONDS", 0)


CRDS = [{"metadata": {"name": name}} for name in ("a.grove.io", "b.grove.io")]


def test_those_that_are_missing_are_made_and_waited_for() -> None:
    api = Api("a.grove.io")
    assert list(bring(api, CRDS)) == ["b.grove.io"]
    assert api.looks["b.grove.io"] == 2


def test_those_that_are_there_get_the_charts_spec_where_a_newer_grove_comes() -> None:
    api = Api("a.grove.io")
    crds = [{**crd, "spec": {"scope": "Namespaced"}} for crd in CRDS]
    assert list(bring(api, crds)) == ["b.grove.io"]
    assert api.patched == {}
    assert list(bring(api, crds, update=True)) == []
    assert set(api.patched) == {"a.grove.io", "b.grove.io"}
    assert api.patched["a.grove.io"] == {"spec": {"scope": "Namespaced"}}


def test_a_refusal_is_an_error() -> None:
    with pytest.raises(ApiException):
        list(bring(Api(refuses=403), CRDS))


def test_one_that_is_never_served_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grove_crds, "SERVED_SECONDS", -1)
    with pytest.raises(TimeoutError, match=r"does not serve a\.grove\.io, b\.grove\.io"):
        list(bring(Api(), CRDS))


def test_a_chart_that_cannot_be_read_is_a_warning_since_helm_may_bring_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    properties = {"namespace": "default", "version": VERSION, "charts": str(tmp_path), "subCharts": ["grove"]}

    made = GroveCrdsProvider().create(properties)

    assert made.id == f"default/{VERSION}"
    assert "the CRDs of grove are not brought" in said[0]
    assert "`helm pull --untar`" in said[0]
