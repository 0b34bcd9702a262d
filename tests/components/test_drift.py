"""An `up` says what became of the graph since the last one."""

from __future__ import annotations

import copy
from typing import Any

from components.drift import words_of
from components.kube import Operator

RUNS = Operator(True, "the Dynamo operator runs")
DEAD = Operator(False, "the Dynamo operator does not run")
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


def words(there: dict[str, Any] | None, operator: Operator = RUNS) -> list[str]:
    return list(words_of("g", {"spec": SPEC}, there, operator))


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
    assert said.startswith(DEAD.words)
