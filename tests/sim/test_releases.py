"""Dynamo 1.6.1 on the simulated cluster, and the ways from 0.6.0 to it: what previews say, and what answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.process import wait_for
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "releases"
OLD, NEW = "0.6.0", "1.6.1"
CHARTS = {OLD: "sim/charts", NEW: f"sim/charts/{NEW}"}
CONFIG: dict[str, Any] = {**SMALL, "namespace": NAMESPACE, "modelCache": {"size": "100Gi", "retain": True}}
GRAPH = "dynamographdeployments.v1beta1.nvidia.com"


def release(version: str, **more: Any) -> dict[str, Any]:
    return {**CONFIG, "platform": {"version": version, "charts": CHARTS[version]}, **more}


def volume(stack: Pulumi) -> str:
    claim = json.loads(stack.kubectl("get", "pvc", "model-cache-pvc", "-n", NAMESPACE, "-o", "json"))
    return claim["spec"]["volumeName"]


def found(stack: Pulumi, kind: str) -> list[dict[str, Any]]:
    return json.loads(stack.kubectl("get", kind, "-n", NAMESPACE, "-o", "json"))["items"]


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A stack of 0.6.0 that answers; the tests of this module take it to 1.6.1 one after another."""
    stack = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "releases", **release(OLD))
    with stack.deployed(NAMESPACE):
        yield stack


def test_a_jump_is_refused_in_the_preview_with_the_path_and_the_short_way_and_changes_nothing(stack: Pulumi) -> None:
    write_stack(stack.folder, stack.stack, **release(NEW))
    printed = stack("preview", fails=True)
    assert "platform.version: 1.6.1" in printed
    assert "0.9.1 → 1.0.2" in printed
    assert "pulumi destroy" in printed
    assert "Traceback" not in printed
    write_stack(stack.folder, stack.stack, **release(OLD))
    stack("preview", "--expect-no-changes")
    assert stack.answer()


def test_the_short_way_takes_graph_and_platform_down_keeps_the_volume_and_answers_on_the_newest(stack: Pulumi) -> None:
    before = volume(stack)
    assert stack.answer()

    stack("destroy", "--yes", "--skip-preview")
    assert volume(stack) == before
    write_stack(stack.folder, stack.stack, **release(NEW))
    stack("up", "--yes", "--skip-preview")

    assert volume(stack) == before
    assert stack.answer()
    stack("preview", "--expect-no-changes")


def test_on_the_newest_the_graph_is_v1beta1_and_neither_etcd_nor_nats_runs(stack: Pulumi) -> None:
    (graph,) = found(stack, GRAPH)
    assert {part["type"] for part in graph["spec"]["components"]} == {"frontend", "prefill", "decode"}
    assert graph["status"]["observedGeneration"] == graph["metadata"]["generation"]
    assert found(stack, "statefulsets") == []
    releases = stack.kubectl("get", "secrets", "-A", "-l", "owner=helm,name=dynamo-crds", "-o", "name")
    assert releases.strip() == ""


def test_pods_of_the_newest_are_found_by_role_and_doctor_finds_no_fault_of_the_platform(stack: Pulumi) -> None:
    wideep = Wideep(stack.cluster, stack.folder, stack.stack)
    status = wideep("status", "--output", "json")
    assert status.code == 0, status.err
    findings = wideep("doctor", "--offline", "--output", "json").json
    platform = [each for each in findings["findings"] if each["section"] == "Dynamo platform"]
    assert platform
    assert [each for each in platform if each["verdict"] == "does not hold"] == []


def test_more_workers_are_an_update_that_is_awaited_by_generation(stack: Pulumi) -> None:
    layout = {"preset": "lab-8gpu", "decode": {"memFractionStatic": 0.7}}
    write_stack(stack.folder, stack.stack, **release(NEW, layout=layout))
    assert stack.previews() == {"graph-graph": "update", "graph-ready": "update"}
    stack("up", "--yes", "--skip-preview")
    (graph,) = found(stack, GRAPH)
    assert graph["status"]["observedGeneration"] == graph["metadata"]["generation"]
    assert stack.answer()


def test_one_node_and_several_are_a_replacement_in_the_preview(stack: Pulumi) -> None:
    hardware = {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"}
    write_stack(stack.folder, stack.stack, **release(NEW, layout="lab-16gpu-multinode", hardware=hardware))
    changed = stack.previews()
    write_stack(stack.folder, stack.stack, **release(NEW))
    assert changed["graph-graph"] == "replace"


def test_going_back_below_1_0_is_refused(stack: Pulumi) -> None:
    write_stack(stack.folder, stack.stack, **release(OLD))
    printed = stack("preview", fails=True)
    assert re.search(r"owns the CRDs|one minor at a time", printed)
    write_stack(stack.folder, stack.stack, **release(NEW))


def test_destroy_leaves_the_crds_and_the_volume_and_nothing_of_the_graph(stack: Pulumi) -> None:
    before = volume(stack)
    stack("destroy", "--yes", "--skip-preview")
    assert volume(stack) == before
    wait_for(lambda: found(stack, "pods") == [], "the last pods have ended")
    assert stack.asks("get", "crd", "dynamographdeployments.nvidia.com", "-o", "name").strip()
