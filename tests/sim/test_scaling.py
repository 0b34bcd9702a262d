"""Workers that an autoscaler scales through the operator's scaling adapter, and the planner, on Dynamo 1.6.1."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.stacks import SMALL

pytestmark = [pytest.mark.cluster, pytest.mark.long]

NAMESPACE = "scaling"
PLATFORM = {"version": "1.6.1", "charts": "sim/charts/1.6.1"}
KEDA = {"managedBy": "keda", "initial": 1, "scalingAdapter": True}
QUIET = ("--yes", "--skip-preview")
SECONDS = 60


def _write(stack: Pulumi, planner: Mapping[str, Any] | None = None, **decode: Any) -> None:
    layout = {"preset": "lab-8gpu", "decode": decode}
    hardware = {**SMALL["hardware"], "nodes": 2}
    config = {**SMALL, "hardware": hardware, "namespace": NAMESPACE, "platform": PLATFORM, "layout": layout}
    write_stack(stack.folder, stack.stack, **config, **({"planner": dict(planner)} if planner else {}))


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    stack = Pulumi(cluster, copy_project(tmp_path_factory.mktemp("project")), "scaling")
    _write(stack, contextLength=32768, replicas=KEDA)
    with stack.create().deployed(NAMESPACE):
        yield stack


def _found(stack: Pulumi, kind: str) -> list[dict[str, Any]]:
    return json.loads(stack.kubectl("get", kind, "-n", NAMESPACE, "-o", "json"))["items"]


def _replicas(stack: Pulumi) -> int:
    (graph,) = _found(stack, "dgd")
    return next(one["replicas"] for one in graph["spec"]["components"] if one["name"] == "decode")


def _scale(stack: Pulumi, replicas: int) -> None:
    """As a person does, or an HPA by the same subresource; until the graph has it."""
    (adapter,) = _found(stack, "dgdsa")
    name = adapter["metadata"]["name"]
    stack.kubectl("-n", NAMESPACE, "scale", "dgdsa", name, f"--replicas={replicas}")
    _until(lambda: _replicas(stack) == replicas, f"the graph has no {replicas} decode workers")


def _until(holds: Any, otherwise: str) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, otherwise
        time.sleep(0.5)


def test_the_role_has_an_adapter_by_the_name_that_the_plan_says_and_the_other_one_has_none(stack: Pulumi) -> None:
    (adapter,) = _found(stack, "dgdsa")
    (graph,) = _found(stack, "dgd")
    assert adapter["metadata"]["name"] == f"{graph['metadata']['name']}-decode"
    assert adapter["spec"] == {"replicas": 1, "dgdRef": {"name": graph["metadata"]["name"], "serviceName": "decode"}}
    stack("preview", "--expect-no-changes")


def test_nobody_but_the_operator_changes_the_number_in_the_graph(stack: Pulumi) -> None:
    (graph,) = _found(stack, "dgd")
    at = [one["name"] for one in graph["spec"]["components"]].index("decode")
    change = json.dumps([{"op": "replace", "path": f"/spec/components/{at}/replicas", "value": 0}])
    said = stack.asks("-n", NAMESPACE, "patch", "dgd", graph["metadata"]["name"], "--type=json", "-p", change)
    assert "scaling adapter" in said
    assert _replicas(stack) == 1


def test_a_scaled_adapter_moves_the_graph_and_an_update_of_another_field_leaves_it_so(stack: Pulumi) -> None:
    _scale(stack, 2)

    _write(stack, contextLength=16384, replicas=KEDA)
    said = stack("up", *QUIET)

    assert "components.decode.replicas is managed by keda and stays 2" in said
    assert _replicas(stack) == 2
    _scale(stack, 1)
    stack("preview", "--expect-no-changes")
    stack("up", *QUIET, "--refresh")
    assert _replicas(stack) == 1


def test_an_adapter_that_is_switched_off_goes_and_the_number_stays(stack: Pulumi) -> None:
    _scale(stack, 2)
    _write(stack, contextLength=16384, replicas={"managedBy": "keda", "initial": 1})

    stack("up", *QUIET)

    _until(lambda: _found(stack, "dgdsa") == [], "the adapter is there")
    assert _replicas(stack) == 2
    _write(stack, contextLength=16384, replicas=KEDA)
    stack("up", *QUIET)
    _until(lambda: [one["spec"]["replicas"] for one in _found(stack, "dgdsa")] == [2], "there is no adapter of 2")


def test_a_planner_comes_with_a_new_graph_which_begins_with_as_many_workers_as_there_were(stack: Pulumi) -> None:
    planner = {"enabled": True, "prometheus": "http://prometheus.monitoring:9090"}
    _write(stack, planner, contextLength=16384, replicas={**KEDA, "managedBy": "planner"})
    assert stack.previews()["graph-graph"] == "replace"

    stack("up", *QUIET)

    pods = _found(stack, "pods")
    (runs,) = [pod for pod in pods if pod["metadata"]["labels"].get("nvidia.com/dynamo-component-type") == "planner"]
    assert runs["spec"]["serviceAccountName"] == "planner-serviceaccount"
    assert _replicas(stack) == 2
    stack("preview", "--expect-no-changes")


def test_an_adapter_goes_with_its_graph(stack: Pulumi) -> None:
    stack("destroy", *QUIET)
    assert stack.asks("get", "dgdsa", "-A", "-o", "name").strip() == ""
    stack("up", *QUIET)
