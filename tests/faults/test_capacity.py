"""GPUs are missing, or a node goes: `up` waits and says for what, and goes on when there is room."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.test_pods import anew, pods, put_right, wideep
from tests.faults.world import GRAPH, NAMESPACE, QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
GPU_NODES = ("gpu-0", "gpu-1")
OTHER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "another-workload", "namespace": "default"},
    "spec": {
        "nodeName": "gpu-1",
        "containers": [{"name": "train", "image": "train", "resources": {"limits": {"nvidia.com/gpu": "8"}}}],
    },
}


def cordon(world: World) -> None:
    for node in GPU_NODES:
        world.fault("node-cordoned", on=node)


def occupy(world: World) -> None:
    world.kubectl("apply", "-f", "-", given=json.dumps(OTHER))


def leave(world: World) -> None:
    world.kubectl("delete", "pod", "-n", "default", "another-workload", "--wait=false", "--grace-period=0", "--force")


@dataclass(frozen=True)
class Case:
    """What takes the GPUs away and gives them back, what `up` says meanwhile, and the row of the report."""

    title: str
    take: Callable[[World], None]
    give_back: Callable[[World], None]
    words: str


CASES = (
    Case("the GPU nodes are cordoned", cordon, World.clear, "were unschedulable"),
    Case("another workload holds the GPUs of a node", occupy, leave, "Insufficient nvidia.com/gpu"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_up_says_what_the_scheduler_says_and_goes_on_when_there_is_room(
    deployed: World, request: pytest.FixtureRequest, case: Case
) -> None:
    anew(deployed)
    case.take(deployed)
    process = deployed.start("up", *QUIET)
    deployed.wait(lambda: case.words in deployed.output() or process.poll() is not None, case.words)

    case.give_back(deployed)
    said = deployed.finish(process)

    assert said.code == 0, said.text
    seen = report.line_with(said.text, case.words)
    assert "1 Pending" in seen
    assert deployed.graph_is_ready()
    put_right(deployed)
    report.note(request, 18, case.title, seen, "`pulumi up` continues when they are free")


def test_too_few_nodes_are_told_to_the_deadline_and_destroy_ends(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """The config says three nodes, and the cluster has two."""
    deployed.config("layout.decode.replicas", "2")
    deployed.config("hardware.nodes", "3")
    deployed.config("workers.readyTimeoutMinutes", "1")

    said = deployed.up(fails=True)

    seen = report.line_with(said.text, "after 60 s it is still waiting for")
    for words in ("1 Pending", "Insufficient nvidia.com/gpu", "Last change", "readyTimeoutMinutes"):
        assert words in said.text
    deployed.destroy()
    report.note(request, 18, "the cluster has fewer nodes than the config says", seen, "`pulumi destroy` ends")


def test_a_node_that_goes_while_the_graph_serves_is_named_and_the_graph_comes_back(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    node = pods(deployed, "decode", "{.items[0].spec.nodeName}")
    deployed.fault("node-down", on=node)
    deployed.wait(lambda: not node_is_ready(deployed, node), "the node is NotReady", 120)

    said = wideep(deployed)("doctor", "--offline")

    words = " ".join(said.out.split())
    assert f"its node {node} has not been ready" in words
    assert "hardware.nodes" in words
    assert "unchanged" in deployed.up()
    deployed.clear()
    deployed.wait(lambda: node_is_ready(deployed, node) and deployed.graph_is_ready(), "it serves again", 120)
    seen = f"its node {words.partition('its node ')[2].partition('. ')[0]}."
    report.note(
        request, 19, f"a node of {GRAPH} goes NotReady (`wideep doctor`)", seen, "it serves again with the node"
    )


@pytest.mark.often
def test_destroy_ends_while_a_node_is_gone(deployed: World, request: pytest.FixtureRequest) -> None:
    node = pods(deployed, "decode", "{.items[0].spec.nodeName}")
    deployed.fault("node-down", on=node)
    deployed.wait(lambda: not node_is_ready(deployed, node), "the node is NotReady", 120)

    said = deployed.destroy()

    deployed.clear()
    seen = report.line_with(said.text, f"nothing of graph {GRAPH} is left in namespace {NAMESPACE}")
    report.note(request, 19, "the stack is destroyed while a node is NotReady", seen, "`pulumi destroy` ends")


def node_is_ready(world: World, node: str) -> bool:
    path = """jsonpath={.status.conditions[?(@.type=="Ready")].status}"""
    return world.kubectl("get", "node", node, "-o", path) == "True"
