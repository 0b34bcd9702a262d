"""Workers whose number somebody else decides: how it is written, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.configs import settings
from tests.support.plans import on_release, plan_of
from wideep.errors import ConfigError
from wideep.settings.layout import Role
from wideep_cluster.dynamo.pods import PodState, read_pod
from wideep_cluster.dynamo.readiness import GraphSnapshot, GraphTarget
from wideep_cluster.objects import Graph, Pod

PRESET = "lab-16gpu-singlenode"
HPA = {"managedBy": "hpa", "initial": 1, "scalingAdapter": True}


def layout(**decode: Any) -> dict[str, Any]:
    return {"preset": PRESET, "decode": decode}


@pytest.mark.parametrize(
    ("decode", "replicas"),
    [
        ({"replicas": {"managedBy": "planner", "initial": 3}}, 3),
        ({"replicas": {"managedBy": "planner"}}, 1),
        ({"replicas": 3, "replicasManagedBy": "planner"}, 3),
        ({"replicasManagedBy": "planner"}, 1),
        ({"replicas": {"managedBy": "planner", "initial": 3, "scalingAdapter": False}}, 3),
    ],
)
def test_both_ways_of_writing_it_say_the_same(decode: dict[str, Any], replicas: int) -> None:
    roles = settings(layout=layout(**decode)).layout.roles
    assert (roles[Role.DECODE].replicas, roles[Role.DECODE].replicas_managed_by) == (replicas, "planner")
    assert roles[Role.PREFILL].replicas_managed_by is None


def test_the_plan_counts_with_the_first_number_and_says_whose_it_is_then() -> None:
    plan = plan_of(layout=layout(replicas={"managedBy": "planner", "initial": 1}))
    decode = plan.roles[Role.DECODE]
    assert (decode.replicas, decode.workers, plan.gpus) == (1, "1, then planner's", 16)
    assert plan.left_fields == {"spec.services.decode.replicas": "planner"}
    assert plan_of().left_fields == {}


@pytest.mark.parametrize(
    ("replicas", "key", "words"),
    [
        ({"initial": 2}, "layout.decode.replicas.managedBy", "who decides"),
        ({"managedBy": ""}, "layout.decode.replicas.managedBy", "who decides"),
        ({"managedBy": 3}, "layout.decode.replicas.managedBy", "who decides"),
        ({"managedby": "planner"}, "layout.decode.replicas.managedby", "managedBy"),
        ({"managedBy": "planner", "initial": 0}, "layout.decode.replicas.initial", "from 1 to 4096"),
        ({"managedBy": "planner", "initial": "2"}, "layout.decode.replicas.initial", "whole number"),
        ({"managedBy": "planner", "initial": True}, "layout.decode.replicas.initial", "whole number"),
        ({"managedBy": "hpa", "scalingAdapter": "yes"}, "layout.decode.replicas.scalingAdapter", "true or false"),
        ({"scalingAdapter": True}, "layout.decode.replicas.managedBy", "who decides"),
    ],
)
def test_what_is_wrong_with_it_is_told_by_its_key(replicas: object, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(layout=layout(replicas=replicas))
    (problem,) = refused.value.problems
    assert problem.key == key
    assert words in str(problem)


# --- through a scaling adapter


@pytest.mark.parametrize(
    "decode", [{"replicas": {**HPA}}, {"replicasManagedBy": "hpa", "replicasScalingAdapter": True}]
)
@pytest.mark.parametrize(
    ("version", "asked"), [("0.8.1", {"enabled": True}), ("1.2.1", {"enabled": True}), ("1.3.1", {}), ("1.6.1", {})]
)
def test_the_role_asks_for_its_adapter_in_the_words_of_the_releases_api(
    version: str, asked: dict[str, bool], decode: dict[str, Any]
) -> None:
    plan = plan_of(layout=layout(**decode), **on_release(version))
    written = {role: plan.graph.part(role).manifest.get("scalingAdapter") for role in ("frontend", "prefill", "decode")}
    assert written == {"frontend": None, "prefill": None, "decode": asked}
    assert plan.graph.parse(plan.manifests[0]) == plan.graph
    assert plan.roles[Role.DECODE].scaling_adapter == f"{plan.name}-decode"
    assert plan.roles[Role.PREFILL].scaling_adapter is None


def test_a_release_without_adapters_refuses_one_and_says_how_it_goes_without() -> None:
    with pytest.raises(ConfigError) as refused:
        plan_of(layout=layout(replicas=HPA), **on_release("0.7.1"))
    (problem,) = refused.value.problems
    assert problem.key == "layout.decode.replicas.scalingAdapter"
    assert "Dynamo 0.7.1 has no DynamoGraphDeploymentScalingAdapter" in problem.rule
    assert "set platform.version: 0.8.1 or newer" in problem.fix
    assert "hpa then writes replicas into the graph" in problem.fix


def test_an_adapter_without_somebody_to_scale_it_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        plan_of(layout=layout(replicasScalingAdapter=True), **on_release("1.6.1"))
    (problem,) = refused.value.problems
    assert "managedBy: NAME" in problem.fix


# --- waiting for it


def graph(replicas: int) -> Graph:
    decode = {"componentType": "worker", "subComponentType": "decode", "replicas": replicas}
    wide = {**decode, "subComponentType": "prefill", "replicas": 1, "multinode": {"nodeCount": 2}}
    frontend = {"componentType": "frontend", "replicas": 1}
    ready = {"type": "Ready", "status": "True"}
    body = {
        "metadata": {"name": "g", "generation": 4},
        "spec": {"services": {"Frontend": frontend, "decode": decode, "prefill": wide}},
        "status": {"state": "successful", "conditions": [ready]},
    }
    return Graph.model_validate(body)


def pods(**counts: int) -> tuple[PodState, ...]:
    def pod(role: str, number: int) -> PodState:
        labels = {"nvidia.com/dynamo-component-type": role if role == "frontend" else "worker"}
        labels |= {} if role == "frontend" else {"nvidia.com/dynamo-sub-component-type": role}
        conditions = [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}]
        body = {
            "metadata": {"name": f"{role}-{number}", "labels": labels, "creationTimestamp": "2026-11-27T17:00:00Z"},
            "spec": {"containers": [{"name": "main"}], "nodeName": "n"},
            "status": {
                "phase": "Running",
                "conditions": conditions,
                "containerStatuses": [{"name": "main", "ready": True, "state": {"running": {}}}],
            },
        }
        return read_pod(Pod.model_validate(body))

    return tuple(pod(role, number) for role, count in counts.items() for number in range(count))


WANTED = GraphTarget("ns", "g", 4, {"decode": 1, "frontend": 1, "prefill": 2}, frozenset(), frozenset({"decode"}))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_as_many_pods_are_waited_for_as_the_graph_says(workers: int) -> None:
    there = pods(decode=workers, frontend=1, prefill=2)
    view = GraphSnapshot(WANTED, graph(workers), there)
    assert view.due == {"decode": workers, "frontend": 1, "prefill": 2}
    assert view.is_ready
    assert not GraphSnapshot(WANTED, graph(workers + 1), there).is_ready


def test_of_a_role_that_is_the_programs_own_as_many_as_the_plan_says() -> None:
    own = GraphTarget("ns", "g", 4, WANTED.pods, frozenset())
    assert GraphSnapshot(own, graph(3), pods(decode=3, frontend=1, prefill=2)).due == dict(WANTED.pods)


@pytest.mark.parametrize(("owned", "new"), [("f:replicas", True), ("f:multinode", False)])
def test_who_scales_the_graph_meanwhile_makes_no_pod_anew(owned: str, new: bool) -> None:
    view = GraphSnapshot(replace(WANTED, changed=frozenset({"decode"})), graph(1), pods(decode=1, frontend=1))
    made = {"time": "2026-11-27T16:59:00Z", "manager": "pulumi", "fieldsV1": {"f:spec": {"f:services": {}}}}
    component = {"f:spec": {"f:components": {'k:{"name":"decode"}': {owned: {}}}}}
    later = {"time": "2026-11-27T17:30:00Z", "manager": "manager", "fieldsV1": component}
    body = {"metadata": {"name": "g", "managedFields": [made, later]}}
    assert replace(view, graph=Graph.model_validate(body)).is_new is new
