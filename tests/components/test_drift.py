"""An `up` says what became of the graph since the last one."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from components.lifecycle.drift import describe_drift, describe_left_fields
from tests.support.plans import plan_of
from wideep_cluster.dynamo.operator import OperatorStatus

RUNS = OperatorStatus(True, "the Dynamo operator runs")
DEAD = OperatorStatus(False, "the Dynamo operator does not run")
SPEC = {"services": {"Frontend": {"replicas": 1}, "Decode": {"replicas": 2, "envs": [{"name": "A"}]}}}
OURS = {"manager": "pulumi-kubernetes-1", "fieldsV1": {"f:metadata": {}, "f:spec": {}}}
STATUS = {"manager": "manager", "fieldsV1": {"f:status": {}}}


def live(*managers: dict[str, Any], replicas: int = 1) -> dict[str, Any]:
    """The graph on the cluster."""
    spec = copy.deepcopy(SPEC)
    spec["services"]["Frontend"]["replicas"] = replicas
    return {"metadata": {"managedFields": [OURS, STATUS, *managers]}, "spec": spec}


def by(manager: str) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": {"f:spec": {"f:services": {}}}}


def words(there: dict[str, Any] | None, operator: OperatorStatus = RUNS) -> list[str]:
    return list(describe_drift("g", {"spec": SPEC}, there, operator))


def test_a_graph_as_it_was_written_is_no_word() -> None:
    assert words(live()) == []


def test_an_edit_is_told_with_its_place_and_who_made_it() -> None:
    (said,) = words(live(by("kubectl-edit"), replicas=3))
    assert "kubectl-edit has changed services.Frontend.replicas" in said
    assert "pulumi up --refresh" in said
    assert "3" not in said


def test_an_edit_that_was_taken_back_is_no_word() -> None:
    assert words(live(by("kubectl-edit"))) == []


def test_what_the_operator_writes_is_no_edit() -> None:
    assert words(live(by("manager"), replicas=3)) == []


def test_a_graph_that_is_gone_is_told() -> None:
    (said,) = words(None)
    assert "not on the cluster" in said


def test_an_operator_that_does_not_run_is_told() -> None:
    (said,) = words(live(), DEAD)
    assert said.startswith(DEAD.message)


def by_field(manager: str, service: str, field: str) -> dict[str, Any]:
    fields = {"f:spec": {"f:services": {f"f:{service}": {f"f:{field}": {}}}}}
    return {"manager": manager, "fieldsV1": fields}


def decode_at(replicas: int, *managers: dict[str, Any]) -> dict[str, Any]:
    """A graph of this program's, with so many decode workers."""
    spec = {"services": {"decode": {"replicas": replicas, "envs": []}}}
    return {"metadata": {"managedFields": [OURS, *managers]}, "spec": spec}


DECODE = {"spec": {"services": {"decode": {"replicas": 2, "envs": [{"name": "A"}]}}}}
LEFT = {"spec.services.decode.replicas": "planner"}


def test_each_writer_is_named_with_its_own_fields_and_how_it_is_left_to_them() -> None:
    there = decode_at(0, by_field("autoscaler", "decode", "replicas"), by_field("kubectl-edit", "decode", "envs"))
    (said,) = describe_drift("g", DECODE, there, RUNS)
    assert "autoscaler has changed services.decode.replicas;" in said
    assert "kubectl-edit has changed services.decode.envs" in said
    assert "the next update of the graph reverts that" in said
    assert "layout.decode.replicas: {managedBy: autoscaler}" in said
    assert "managedBy: kubectl-edit" not in said


def test_what_is_left_to_somebody_else_is_no_change_and_is_said() -> None:
    there = decode_at(5, by_field("planner", "decode", "replicas"))
    there["spec"]["services"]["decode"]["envs"] = [{"name": "A"}]
    assert list(describe_drift("g", DECODE, there, RUNS, LEFT)) == []
    assert list(describe_left_fields("g", there, LEFT)) == [
        "graph g: services.decode.replicas is managed by planner and stays 5"
    ]
    assert list(describe_left_fields("g", None, LEFT)) == []


def test_the_key_that_the_warning_writes_is_one_that_the_config_takes() -> None:
    there = decode_at(0, by_field("autoscaler", "decode", "replicas"))
    (said,) = describe_drift("g", DECODE, there, RUNS)
    written = said.splitlines()[-1].partition("layout.decode.replicas: ")[2]
    plan = plan_of(layout={"preset": "lab-16gpu-singlenode", "decode": {"replicas": yaml.safe_load(written)}})
    assert plan.left_fields == {"spec.services.decode.replicas": "autoscaler"}


def new(replicas: int, *managers: dict[str, Any]) -> dict[str, Any]:
    """A graph of ``v1beta1``, whose components are a list that the API server keeps by their names."""
    parts = [{"name": "Frontend", "replicas": 1}, {"name": "decode", "type": "decode", "replicas": replicas}]
    return {"metadata": {"managedFields": [OURS, *managers]}, "spec": {"components": parts}}


def scaled(manager: str) -> dict[str, Any]:
    fields = {"f:spec": {"f:components": {'k:{"name":"decode"}': {"f:replicas": {}}}}}
    return {"manager": manager, "fieldsV1": fields}


def test_a_component_of_v1beta1_is_named_and_its_writer_and_the_key_that_leaves_it_to_them() -> None:
    (said,) = describe_drift("g", {"spec": new(2)["spec"]}, new(5, scaled("autoscaler")), RUNS)
    assert "autoscaler has changed components.decode.replicas" in said
    assert "layout.decode.replicas: {managedBy: autoscaler}" in said


def test_a_component_of_v1beta1_that_is_left_to_somebody_is_no_change_and_is_said() -> None:
    there, left = new(5, scaled("planner")), {"spec.components[1].replicas": "planner"}
    assert list(describe_drift("g", {"spec": new(2)["spec"]}, there, RUNS, left)) == []
    assert list(describe_left_fields("g", there, left)) == [
        "graph g: components.decode.replicas is managed by planner and stays 5"
    ]
