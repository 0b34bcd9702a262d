"""What a team changes about a stack that is up: each change shows just what follows from it, and applies."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "changes"
BASE = {
    **SMALL,
    "namespace": NAMESPACE,
    "hardware": {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"},
    "image": {"source": "build", "repository": "registry.sim/changes", "tag": "1"},
}
REVISION = "c" * 40
SERVICES = ("Frontend", "prefill", "decode")
UPDATED, REPLACED = "update", "replace"
GRAPH = {"graph-graph": UPDATED, "graph-ready": UPDATED}
"""It is changed, and waited for."""


class Team:
    """Who changes the stack."""

    def __init__(self, stack: Pulumi) -> None:
        self.stack = stack
        self.config: dict[str, Any] = dict(BASE)

    def writes(self, **changes: Any) -> None:
        self.config |= changes
        write_stack(self.stack.folder, self.stack.stack, **self.config)

    def previews(self) -> dict[str, str]:
        """What a preview changes: the operation of each resource, by name. A replacement counts once."""
        steps = json.loads(self.stack("preview", "--json"))["steps"]
        plain = (UPDATED, REPLACED, "create", "delete")
        return {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] in plain}

    def applies(self) -> None:
        self.stack("up", "--yes", "--skip-preview")
        self.stack("preview", "--expect-no-changes")

    def finds(self, kind: str, labels: str = "") -> list[dict[str, Any]]:
        selector = ["-l", labels] if labels else []
        return json.loads(self.stack.kubectl("get", kind, "-n", NAMESPACE, "-o", "json", *selector))["items"]

    def args(self, service: str) -> list[str]:
        (graph,) = self.finds("dgd")
        return graph["spec"]["services"][service]["extraPodSpec"]["mainContainer"]["args"]

    def pods(self, service: str) -> set[str]:
        """Those that were not told to go."""
        pods = [pod["metadata"] for pod in self.finds("pods", f"nvidia.com/dynamo-component={service}")]
        return {pod["uid"] for pod in pods if "deletionTimestamp" not in pod}


@pytest.fixture(scope="module")
def team(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    team = Team(Pulumi(cluster, copy_project(tmp_path_factory.mktemp("project")), "changes"))
    team.writes()
    with team.stack.create().deployed():
        yield team


def test_more_pods_join_and_those_that_serve_stay(team: Team) -> None:
    before = {service: team.pods(service) for service in SERVICES}
    team.writes(layout={"preset": "lab-8gpu", "decode": {"replicas": 2}}, frontend={"replicas": 2})

    assert team.previews() == GRAPH
    team.applies()

    after = {service: team.pods(service) for service in SERVICES}
    assert {service: len(pods) for service, pods in after.items()} == {"Frontend": 2, "prefill": 1, "decode": 2}
    assert all(before[service] <= after[service] for service in SERVICES)


def test_fewer_pods_go_and_the_rest_stays(team: Team) -> None:
    before = {service: team.pods(service) for service in SERVICES}
    team.writes(layout="lab-8gpu", frontend={})

    assert team.previews() == GRAPH
    team.applies()

    after = {service: team.pods(service) for service in SERVICES}
    assert {service: len(pods) for service, pods in after.items()} == dict.fromkeys(SERVICES, 1)
    assert all(after[service] <= before[service] for service in SERVICES)


def test_an_engine_argument_changes_the_graph_alone_and_its_role_alone(team: Team) -> None:
    prefill = team.pods("prefill")
    team.writes(layout={"preset": "lab-8gpu", "decode": {"extraArgs": ["--log-level", "debug"]}})

    assert team.previews() == GRAPH
    team.applies()

    assert team.args("decode")[-2:] == ["--log-level", "debug"]
    assert "--log-level" not in team.args("prefill")
    assert team.pods("prefill") == prefill


def test_a_new_token_goes_into_the_secret_that_is_there(team: Team) -> None:
    (secret,) = [each for each in team.finds("secrets") if each["metadata"]["name"] == "hf-token-secret"]
    team.stack("config", "set", "--secret", "hfToken", given="hf_another")

    assert team.previews() == {"token-secret": UPDATED}
    team.applies()

    (now,) = [each for each in team.finds("secrets") if each["metadata"]["name"] == "hf-token-secret"]
    assert now["metadata"]["uid"] == secret["metadata"]["uid"]
    assert now["data"] != secret["data"]


def test_another_tag_is_built_and_the_graph_gets_what_came_of_it(team: Team) -> None:
    # A preview does not build, so it cannot know whether the digest will be another one.
    team.stack("config", "set", "--path", "image.tag", "2")

    assert team.previews() == {"image-build": UPDATED, **GRAPH}
    team.applies()


def test_another_revision_is_downloaded_beside_the_old_one_before_the_graph_reads_it(team: Team) -> None:
    team.stack("config", "set", "--path", "modelCache.revision", REVISION)

    assert team.previews() == {"download-job": REPLACED, **GRAPH}
    team.applies()

    (job,) = team.finds("jobs")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {"name": "REVISION", "value": REVISION} in container["env"]
    assert any(REVISION[:8] in arg for arg in team.args("decode"))
