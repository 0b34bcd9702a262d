"""Two stacks, each with a graph in a namespace of its own, on one platform that neither of them installed."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sim.env import environment
from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.platform import RELEASE, Platform, everywhere
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMES = ("one", "two")


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    """That neither stack has installed."""
    with everywhere(cluster, f"shared-{secrets.token_hex(2)}") as platform:
        yield platform


@pytest.fixture(scope="module")
def stacks(
    cluster: Cluster, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Pulumi]]:
    """Both are up."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    for name in NAMES:
        write_stack(folder, name, **SMALL, namespace=f"team-{name}", platform={"install": False})
    stacks = {name: Pulumi(cluster, folder, name).create() for name in NAMES}
    try:
        for stack in stacks.values():
            stack("up", "--yes", "--skip-preview")
        yield stacks
    finally:
        for stack in stacks.values():
            stack("destroy", "--yes", "--skip-preview")


def _operator(platform: Platform) -> int:
    name = f"{RELEASE}-dynamo-operator-controller-manager"
    return json.loads(platform.kubectl("get", "deployment", name, "-o", "json"))["status"]["readyReplicas"]


def test_both_answer_and_when_one_is_destroyed_the_other_goes_on_answering(
    stacks: dict[str, Pulumi], platform: Platform
) -> None:
    assert all("Qwen3" in stack.answer() for stack in stacks.values())

    stacks["one"]("destroy", "--yes", "--skip-preview")

    assert stacks["one"].kubectl("get", "namespace", "team-one", "--ignore-not-found") == ""
    assert "Qwen3" in stacks["two"].answer()
    assert _operator(platform) == 1
    stacks["two"]("preview", "--expect-no-changes")


def test_a_worker_of_several_nodes_is_refused_at_preview_where_nothing_makes_its_pods(
    cluster: Cluster, platform: Platform, tmp_path: Path
) -> None:
    if "grove.io/" in platform.run("kubectl", "api-versions").out:
        pytest.skip("the cluster has Grove already, from another test: a fresh one has not")
    hardware = {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}
    folder, layout = copy_project(tmp_path / "project"), "lab-16gpu-multinode"
    write_stack(folder, "wide", hardware=hardware, layout=layout, namespace="wide", platform={"install": False})

    said = Pulumi(cluster, folder, "wide").create()("preview", fails=True)

    assert "platform.install: false" in said
    assert "a decode worker spans 2 nodes" in said
    assert "grove.io" in said


def test_what_rbac_prints_is_enough_for_up_refresh_and_destroy(
    cluster: Cluster, platform: Platform, tmp_path: Path
) -> None:
    folder, name = copy_project(tmp_path / "project"), "three"
    write_stack(folder, name, **SMALL, namespace="team-three", platform={"install": False})
    stack = Pulumi(cluster, folder, name).create()
    for made in (("namespace", "team-three"), ("serviceaccount", "deployer", "-n", "team-three")):
        stack.kubectl("create", *made)
    roles = Wideep(cluster, folder, name)("rbac", "--up", "--service-account", "deployer", "-o", "json").out
    stack.run("kubectl", "apply", "-f", "-", given=roles)
    config = yaml.safe_load(Path(environment(cluster)["KUBECONFIG"]).read_text())
    token = stack.kubectl("create", "token", "deployer", "-n", "team-three", "--duration=1h").strip()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(config | {"users": [each | {"user": {"token": token}} for each in config["users"]]})
    )
    for command in ("up --yes --skip-preview", "preview --refresh --expect-no-changes", "destroy --yes --skip-preview"):
        given = (*command.split(), "--stack", name, "--non-interactive")
        said = stack.run("pulumi", *given, more={"KUBECONFIG": str(kubeconfig)})
        assert "may not" not in said, said
        assert "forbidden" not in said, said
    assert "team-three" in stack.kubectl("get", "namespace", "team-three"), "which was there before the stack"
    stack.kubectl("delete", "namespace", "team-three")
