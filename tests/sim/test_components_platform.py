"""The platform: its charts from anywhere, over CRDs that were kept, beside somebody else's, and with Grove later."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.loopback import serving_files
from tests.support.platform import GROVE_CRDS, Platform, everywhere
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMES = {"crds": "dynamo-crds", "platform": "dynamo-platform"}
OTHER = "sha256:" + "5" * 64


def a_stack(cluster: Cluster, folder: Path, name: str) -> Pulumi:
    return Pulumi.new(cluster, folder, name)


def state(stack: Pulumi, namespace: str) -> str:
    (graph,) = json.loads(stack.kubectl("get", "dgd", "-n", namespace, "-o", "json"))["items"]
    return graph["status"]["state"]


class Packed:
    """The charts as ``helm package`` packs them, in a folder, behind a web server and in the cluster's registry."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        tool = Platform(cluster, "default")
        self.folder, self.registry = str(folder), f"oci://{cluster.registry}/charts"
        self.in_folder: dict[str, str] = {}
        self.in_registry: dict[str, str] = {}
        for key, name in NAMES.items():
            tool.run("helm", "package", f"sim/charts/{name}", "-d", self.folder)
            archive = folder / f"{name}-0.6.0.tgz"
            self.in_folder[key] = f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"
            pushed = tool.run("helm", "push", str(archive), self.registry)
            self.in_registry[key] = re.findall(r"Digest: (sha256:\w+)", pushed.out + pushed.err)[0]
        tool.run("helm", "repo", "index", self.folder)


@pytest.fixture(scope="module")
def packed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return Packed(cluster, tmp_path_factory.mktemp("charts"))


@pytest.fixture
def mirror(packed: Packed) -> Iterator[str]:
    """A Helm repository on loopback."""

    with serving_files(packed.folder) as address:
        yield address


@pytest.fixture(scope="module")
def stack(cluster: Cluster, packed: Packed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A stack with the charts of the registry, by their digests."""
    stack = a_stack(cluster, tmp_path_factory.mktemp("project"), "charts")
    take(stack, packed.registry, packed.in_registry)
    with stack.deployed():
        yield stack


def take(stack: Pulumi, charts: str, digests: dict[str, str], **platform: Any) -> None:
    """Writes where the charts come from."""
    platform |= {"charts": charts, "digests": digests}
    write_stack(stack.folder, stack.stack, **SMALL, namespace="charts", platform=platform)


def test_the_platform_comes_from_an_oci_registry_by_version_and_digest(stack: Pulumi, cluster: Cluster) -> None:
    assert state(stack, "charts") == "successful"
    listed = Platform(cluster, "charts").run("helm", "list", "-A", "-o", "json").json
    assert {one["chart"] for one in listed} == {"dynamo-crds-0.6.0", "dynamo-platform-0.6.0"}
    stack("preview", "--expect-no-changes")


def test_another_digest_is_refused_at_preview(stack: Pulumi, packed: Packed) -> None:
    take(stack, packed.registry, {"crds": packed.in_registry["crds"], "platform": OTHER})
    said = stack("preview", fails=True)
    assert f"platform.digests.platform: {OTHER}" in said
    assert f"is another one: {packed.in_registry['platform']}" in said
    assert "platform.digests.crds" not in said
    assert "Traceback" not in said


def test_a_version_that_the_registry_does_not_have_is_refused_at_preview(stack: Pulumi, packed: Packed) -> None:
    take(stack, packed.registry, {}, version="0.6.9")
    assert "dynamo-crds:0.6.9: not found" in stack("preview", fails=True)


def test_the_same_charts_from_a_mirror_and_from_a_folder_change_where_they_come_from_and_nothing_else(
    stack: Pulumi, packed: Packed, mirror: str
) -> None:
    pods = stack.kubectl("get", "pods", "-n", "charts", "-o", "custom-columns=:.metadata.uid")
    for charts in (mirror, packed.folder):
        take(stack, charts, packed.in_folder)
        assert stack.previews() == {"platform-crds": "update", "platform-platform": "update"}
        stack("up", "--yes", "--skip-preview")
        stack("preview", "--expect-no-changes")
    assert stack.kubectl("get", "pods", "-n", "charts", "-o", "custom-columns=:.metadata.uid") == pods


@pytest.mark.parametrize(("tag", "there"), [("0.6.0", True), ("0.6.9", False)])
def test_an_image_is_asked_for_at_preview(
    cluster: Cluster, packed: Packed, tmp_path: Path, tag: str, there: bool
) -> None:
    """A chart in a registry is as good an image as any for that."""
    stack = a_stack(cluster, tmp_path, "image")
    image = {"source": "existing", "reference": f"{cluster.registry}/charts/dynamo-platform:{tag}"}
    write_stack(stack.folder, "image", **SMALL | {"image": image, "platform": {"install": False}})
    assert ("has no such image" in stack("preview", fails=not there)) is not there


def test_crds_that_a_former_release_kept_are_taken_over(stack: Pulumi) -> None:
    def crds() -> str:
        return stack.kubectl("get", "crd", "dynamographdeployments.nvidia.com", "-o", "jsonpath={.metadata.uid}")

    take(stack, "sim/charts", {})
    before = crds()
    stack("destroy", "--yes", "--skip-preview")
    assert crds() == before

    stack("up", "--yes", "--skip-preview")

    assert (crds(), state(stack, "charts")) == (before, "successful")


def test_a_platform_of_somebody_else_is_told_before_anything_is_made(
    cluster: Cluster, stack: Pulumi, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if stack.outputs():
        stack("destroy", "--yes", "--skip-preview")  # one cluster bears one operator for all namespaces
    late = a_stack(cluster, tmp_path_factory.mktemp("late"), "late")
    write_stack(late.folder, "late", **SMALL, namespace="late")
    with everywhere(cluster, "by-hand"):
        said = late("up", "--yes", "--skip-preview", fails=True)
    assert "Helm release dynamo-crds of namespace default exists (deployed)" in said
    assert "namespace by-hand has a Dynamo operator" in said
    assert "set platform: {install: false} to use it as it is" in said
    assert "Traceback" not in said
    assert late.asks("get", "namespace", "late", "--ignore-not-found") == ""
    late("destroy", "--yes", "--skip-preview")


@pytest.mark.timeout(1800)
def test_a_graph_of_several_nodes_follows_one_of_one_node_on_the_same_platform(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Grove comes to a platform that stands, and stays when the graph has no more need of it."""
    later = a_stack(cluster, tmp_path_factory.mktemp("later"), "later")
    later.asks("delete", "crd", "--ignore-not-found", *GROVE_CRDS)
    write_stack(later.folder, "later", namespace="later")
    try:
        later("up", "--yes", "--skip-preview")
        assert kinds(later) == {"Deployment"}
        for layout, platform, hands in (
            ("lab-16gpu-multinode", "update", {"PodClique"}),
            ("lab-16gpu-singlenode", None, {"Deployment"}),
        ):
            write_stack(later.folder, "later", namespace="later", layout=layout)
            told = later.previews()
            assert (told["graph-graph"], told.get("platform-platform")) == ("replace", platform)
            later("up", "--yes", "--skip-preview")
            assert kinds(later) == hands
            assert state(later, "later") == "successful"
            later("preview", "--expect-no-changes")
        later.kubectl("get", "deployment", "grove-operator", "-n", "later")
    finally:
        later("destroy", "--yes", "--skip-preview")


def kinds(stack: Pulumi) -> set[str]:
    """What stands behind the graph's pods."""
    label = "nvidia.com/dynamo-graph-deployment-name"
    listed = json.loads(stack.kubectl("get", "pods", "-n", "later", "-l", label, "-o", "json"))["items"]
    owners = {pod["metadata"]["ownerReferences"][0]["kind"] for pod in listed}
    return {"Deployment" if kind == "ReplicaSet" else kind for kind in owners}
