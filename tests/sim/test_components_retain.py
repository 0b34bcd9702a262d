"""`modelCache.retain`: the weights outlive the stack, and its next `up` takes them over without a hand step."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "keeper"
KEPT = {**SMALL, "namespace": NAMESPACE, "modelCache": {"size": "100Gi", "retain": True}}


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """Up, destroyed, and with its volume left on the cluster."""
    stack = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "keeper", **KEPT)
    with stack.deployed(NAMESPACE):
        said = " ".join(stack("destroy", "--yes", "--skip-preview").split())
        assert f"namespace {NAMESPACE} is kept, with PersistentVolumeClaim model-cache-pvc" in said
        yield stack


def _volume(stack: Pulumi) -> str:
    claim = json.loads(stack.kubectl("get", "pvc", "model-cache-pvc", "-n", NAMESPACE, "-o", "json"))
    return claim["spec"]["volumeName"]


def test_the_volume_outlives_the_stack_and_the_next_up_takes_it_over(stack: Pulumi) -> None:
    before = _volume(stack)
    steps = json.loads(stack("preview", "--json"))["steps"]
    imported = {step["urn"].rpartition("::")[2] for step in steps if step["op"] == "import"}
    assert imported == {"namespace-namespace", "cache-claim"}

    stack("up", "--yes", "--skip-preview")

    assert _volume(stack) == before
    stack("preview", "--expect-no-changes")
    assert "cache-claim" in stack("stack", "export")


def test_what_was_taken_over_stays_as_it_is_when_the_stack_retains_no_more(stack: Pulumi) -> None:
    before = _volume(stack)
    write_stack(stack.folder, "keeper", **{**KEPT, "modelCache": {"size": "100Gi"}})
    stack("up", "--yes", "--skip-preview")
    assert _volume(stack) == before

    write_stack(stack.folder, "keeper", **KEPT)
    stack("up", "--yes", "--skip-preview")
    assert _volume(stack) == before


def _pods(stack: Pulumi) -> list[str]:
    found = json.loads(stack.kubectl("get", "pods", "-n", NAMESPACE, "-o", "json"))["items"]
    return sorted(pod["metadata"]["uid"] for pod in found)


def test_a_stack_moves_to_another_backend_and_is_renamed_and_no_pod_restarts(stack: Pulumi, tmp_path: Path) -> None:
    before = _volume(stack), _pods(stack)
    state, elsewhere = tmp_path / "stack.json", {"PULUMI_BACKEND_URL": f"file://{tmp_path}?metadata=skip"}
    stack("stack", "export", "--file", str(state))

    stack.run("pulumi", "stack", "init", stack.stack, more=elsewhere)
    stack.run("pulumi", "stack", "import", "--file", str(state), "--stack", stack.stack, more=elsewhere)
    stack.run("pulumi", "preview", "--expect-no-changes", "--stack", stack.stack, more=elsewhere)

    stack.run("pulumi", "stack", "rename", "moved", "--stack", stack.stack, more=elsewhere)
    said = stack.run("pulumi", "preview", "--stack", "moved", more=elsewhere, fails=True)
    assert "Server-Side Apply field conflict" in said
    stack.kubectl("label", "namespace", NAMESPACE, "dynamo-wideep/stack-")
    stack.kubectl("label", "-n", NAMESPACE, "pvc", "model-cache-pvc", "dynamo-wideep/stack-")
    stack.run("pulumi", "up", "--yes", "--skip-preview", "--stack", "moved", more=elsewhere)
    stack.run("pulumi", "preview", "--diff", "--expect-no-changes", "--stack", "moved", more=elsewhere)
    assert (_volume(stack), _pods(stack)) == before

    stack.run("pulumi", "stack", "rename", stack.stack, "--stack", "moved", more=elsewhere)
    stack.run("pulumi", "up", "--yes", "--skip-preview", "--stack", stack.stack, more=elsewhere)


def test_a_volume_that_is_kept_can_not_become_one_of_another_class_and_the_preview_says_so(stack: Pulumi) -> None:
    cache = {"size": "100Gi", "retain": True, "storageClass": "another"}
    write_stack(stack.folder, "keeper", **{**KEPT, "modelCache": cache})

    printed = stack("preview", fails=True)

    assert "modelCache.storageClass: another" in printed
    assert "Traceback" not in printed
    write_stack(stack.folder, "keeper", **KEPT)


def test_the_namespace_of_another_stack_is_not_taken_over(stack: Pulumi) -> None:
    write_stack(stack.folder, "stranger", **KEPT)
    stranger = Pulumi(stack.cluster, stack.folder, "stranger").create()

    printed = stranger("preview", fails=True)

    assert "not owned by this stack" in printed
    assert "cache-claim" not in printed


def _live_destroy(stack: Pulumi, **variables: str) -> str:
    """`make live-destroy` without its set-up: this folder's environments are the checkout's."""
    return stack.run("sh", "ci/live.sh", "destroy", stack.stack, more={"CONFIRM": stack.stack} | variables)


@pytest.mark.parametrize("key", ["retain", "protect"])
def test_destroy_keeps_the_weights_and_deletes_them_when_asked_to(stack: Pulumi, key: str) -> None:
    write_stack(stack.folder, "keeper", **{**KEPT, "modelCache": {"size": "100Gi", key: True}})
    stack("up", "--yes", "--skip-preview")
    before = _volume(stack)

    said = _live_destroy(stack)

    assert _volume(stack) == before
    assert ("WEIGHTS=delete" in said) is (key == "retain")
    stack("up", "--yes", "--skip-preview")
    assert _volume(stack) == before

    _live_destroy(stack, WEIGHTS="delete")

    assert stack.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "name") == ""
    assert not json.loads(stack("stack", "export"))["deployment"].get("resources")


def test_weights_that_an_earlier_destroy_has_kept_are_deleted_by_the_same_command(stack: Pulumi) -> None:
    write_stack(stack.folder, "keeper", **KEPT)
    stack("up", "--yes", "--skip-preview")
    stack("destroy", "--yes", "--skip-preview")
    assert _volume(stack)

    _live_destroy(stack, WEIGHTS="delete")

    assert stack.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found", "-o", "name") == ""
