"""A stack that is not alone: in a namespace of somebody else, with a graph of somebody else on its platform, and an
autoscaler that writes into its graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "team-a"
OTHERS = "team-b"
CHANGED = {**SMALL, "namespace": NAMESPACE, "hfToken": None, "hfTokenSecret": "hf"}
TENANT = {
    "apiVersion": "nvidia.com/v1alpha1",
    "kind": "DynamoGraphDeployment",
    "metadata": {"name": "tenant"},
    "spec": {
        "services": {
            "Frontend": {
                "componentType": "frontend",
                "replicas": 1,
                "extraPodSpec": {"mainContainer": {"image": "registry.sim/dynamo-wideep:0.6.0"}},
            }
        }
    },
}
QUIET = ("--yes", "--skip-preview")


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """Up, in a namespace that was there with its Secret, and with the first `up`."""
    stack = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "guest", **CHANGED)
    for name in (NAMESPACE, OTHERS):
        stack.kubectl("create", "namespace", name)
    stack.kubectl("-n", NAMESPACE, "create", "secret", "generic", "hf", "--from-literal=HF_TOKEN=hf_none")
    try:
        stack("up", *QUIET)
        yield stack
    finally:
        stack.kubectl("-n", OTHERS, "delete", "dgd", "--all", "--wait=true", "--timeout=60s")
        stack("destroy", *QUIET)
        stack.kubectl("delete", "namespace", NAMESPACE, OTHERS, "--ignore-not-found")


def _replicas(stack: Pulumi) -> int:
    return json.loads(_graph(stack))["spec"]["services"]["decode"]["replicas"]


def _graph(stack: Pulumi) -> str:
    name = stack.kubectl("-n", NAMESPACE, "get", "dgd", "-o", "name").strip().rpartition("/")[2]
    return stack.kubectl("-n", NAMESPACE, "get", "dgd", name, "-o", "json")


def _scale(stack: Pulumi, replicas: int) -> None:
    """As an autoscaler does."""
    name = json.loads(_graph(stack))["metadata"]["name"]
    change = json.dumps({"spec": {"services": {"decode": {"replicas": replicas}}}})
    stack.kubectl(*("-n", NAMESPACE, "patch", "dgd", name, "--type=merge", "--field-manager=autoscaler", "-p", change))


def _layout(stack: Pulumi, **decode: Any) -> None:
    write_stack(stack.folder, "guest", **{**CHANGED, "layout": {"preset": "lab-8gpu", "decode": decode}})


def test_a_namespace_that_was_there_is_used_from_the_first_up_on(stack: Pulumi) -> None:
    assert stack.outputs()["namespace"] == NAMESPACE
    stack("preview", "--expect-no-changes")
    assert stack.kubectl("get", "namespace", NAMESPACE, "-o", "jsonpath={.metadata.annotations}").strip() in ("", "{}")


def test_what_an_autoscaler_wrote_is_said_and_taken_back(stack: Pulumi) -> None:
    _scale(stack, 0)
    _layout(stack, contextLength=32768)

    said = stack("up", *QUIET)

    assert "autoscaler has changed services.decode.replicas" in said
    assert _replicas(stack) == 1

    _scale(stack, 0)
    stack("up", *QUIET, "--refresh")
    assert _replicas(stack) == 1


def test_what_is_left_to_an_autoscaler_stays_as_it_wrote_it(stack: Pulumi) -> None:
    _layout(stack, contextLength=32768, replicas={"managedBy": "autoscaler", "initial": 1})
    stack("up", *QUIET)
    _scale(stack, 0)

    _layout(stack, contextLength=16384, replicas={"managedBy": "autoscaler", "initial": 1})
    said = stack("up", *QUIET)

    assert "is managed by autoscaler and stays 0" in said
    assert _replicas(stack) == 0
    stack("up", *QUIET, "--refresh")
    assert _replicas(stack) == 0


def test_destroy_names_the_graph_of_somebody_else_and_takes_nothing_away(stack: Pulumi) -> None:
    tenant = stack.folder / "tenant.json"
    tenant.write_text(json.dumps(TENANT))
    stack.kubectl("-n", OTHERS, "create", "-f", str(tenant))
    before = _graph(stack)

    said = stack("destroy", *QUIET, fails=True)

    assert f"DynamoGraphDeployment {OTHERS}/tenant" in said
    assert "pulumi config set --path teardown.evenIfShared true" in said
    assert "Traceback" not in said
    assert json.loads(_graph(stack))["metadata"]["uid"] == json.loads(before)["metadata"]["uid"]
    stack("up", *QUIET)
    stack.kubectl("-n", OTHERS, "delete", "dgd", "tenant", "--timeout=60s")


def test_destroy_leaves_the_namespace_and_what_was_in_it(stack: Pulumi) -> None:
    tenant = stack.folder / "tenant.json"
    stack.kubectl("-n", OTHERS, "create", "-f", str(tenant))
    stack("config", "set", "--path", "teardown.evenIfShared", "true")
    stack("up", *QUIET)

    stack("destroy", *QUIET)

    assert stack.kubectl("-n", NAMESPACE, "get", "secret", "hf", "-o", "name").strip() == "secret/hf"
    assert stack.kubectl("-n", NAMESPACE, "get", "dgd,deployments", "-o", "name").strip() == ""
    stack("config", "rm", "--path", "teardown.evenIfShared")
    stack("up", *QUIET)
