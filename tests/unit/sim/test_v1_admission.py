"""The simulated webhooks of Dynamo 1.6.1 refuse what its operator refuses, and say all of it at once."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable

import pytest

from sim.operator.contract import Manifest
from sim.operator.v1.admission import Site, refusals
from sim.operator.v1.webhooks import answer
from tests.support.platform_v1 import a_graph, worker

GROVE, NONE = Site(grove=True, version="1.6.1"), Site(grove=False, version="1.6.1")
Change = Callable[[Manifest], object]


def changed(change: Change) -> Manifest:
    made = copy.deepcopy(a_graph())
    change(made)
    return made


def component(graph: Manifest, index: int) -> Manifest:
    return graph["spec"]["components"][index]


def main(graph: Manifest, index: int) -> Manifest:
    return component(graph, index)["podTemplate"]["spec"]["containers"][0]


def test_a_graph_of_the_documented_shape_is_accepted() -> None:
    assert refusals(a_graph(worker("prefill"), worker("decode", nodes=2)), None, GROVE) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda g: g["spec"]["components"].clear(), "must have at least one component"),
        (lambda g: main(g, 1).update(name="other"), "must include a container named 'main'"),
        (lambda g: main(g, 1).pop("image"), "containers[main].image: must be set"),
        (lambda g: main(g, 1).update(image="r:5000/x"), "is no semantic version: set runtimeVersionOverride"),
        (lambda g: main(g, 1).update(image="r/x@sha256:ab"), "is no semantic version"),
        (lambda g: component(g, 0).update(multinode={"nodeCount": 2}), "not supported for type 'frontend'"),
        (lambda g: component(g, 1).update(minAvailable=2), "must not be greater than replicas (1)"),
        (lambda g: component(g, 1).update(name="DECODE"), "unique case-insensitively"),
        (lambda g: component(g, 1).update(roles=[{"name": "leader"}]), "must not be set together with podTemplate"),
        (lambda g: g["spec"].update(restart={"id": "1"}), "spec.restart: must be unset on create"),
        (
            lambda g: g["metadata"].update(annotations={"nvidia.com/grove-update-strategy": "Coherent"}),
            "unsupported value 'Coherent'",
        ),
        (
            lambda g: component(g, 2).update(name="d" * 19, multinode={"nodeCount": 2}),
            "length 50 exceeds 45-character limit",
        ),
    ],
)
def test_what_cannot_run_is_refused_when_it_is_made(change: Change, says: str) -> None:
    found = refusals(changed(change), None, GROVE)
    assert any(says in one for one in found), found


def test_a_digest_is_accepted_with_the_version_beside_it() -> None:
    def by_digest(graph: Manifest) -> None:
        main(graph, 1)["image"] = "r/x@sha256:ab"
        component(graph, 1)["runtimeVersionOverride"] = "1.6.1"

    assert refusals(changed(by_digest), None, GROVE) == []


@pytest.mark.parametrize(
    "change", [lambda g: component(g, 1).update(minAvailable=1), lambda g: g["spec"].update(priorityClassName="x")]
)
def test_what_grove_does_is_refused_without_grove(change: Change) -> None:
    assert any("requires Grove" in one for one in refusals(changed(change), None, NONE))
    assert refusals(changed(change), None, GROVE) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda g: g["spec"]["components"].pop(),
            "the set of components is immutable (added: [], removed: ['decode'])",
        ),
        (lambda g: component(g, 1).update(type="worker"), "spec.components[prefill].type: is immutable"),
        (lambda g: component(g, 1).update(multinode={"nodeCount": 2}), "cannot change between one node and several"),
        (lambda g: g["spec"].update(backendFramework="vllm"), "spec.backendFramework: is immutable"),
        (
            lambda g: g["spec"].update(topologyConstraint={"packDomain": "rack"}),
            "spec.topologyConstraint: is immutable",
        ),
        (
            lambda g: g["spec"].update(restart={"id": "1", "strategy": {"order": ["decode"]}}),
            "must name every component exactly once",
        ),
    ],
)
def test_what_is_immutable_is_refused_when_it_changes(change: Change, says: str) -> None:
    assert refusals(changed(change), a_graph(), GROVE) != []
    assert any(says in one for one in refusals(changed(change), a_graph(), GROVE))


def test_replicas_arguments_and_more_nodes_may_change() -> None:
    old = a_graph(worker("prefill"), worker("decode", nodes=2))
    new = a_graph(worker("prefill", image="r/x:1.6.2"), worker("decode", nodes=3))
    component(new, 1)["replicas"] = 2
    assert refusals(new, old, GROVE) == []


OPERATOR = "system:serviceaccount:dw:p-dynamo-operator-controller-manager"


@pytest.mark.parametrize(
    ("user", "allowed"),
    [
        ("", False),
        ("kubernetes-admin", False),
        ("system:serviceaccount:other:p-dynamo-operator-controller-manager", False),
        (OPERATOR, True),
        ("system:serviceaccount:team:planner-serviceaccount", True),
    ],
)
def test_replicas_with_a_scaling_adapter_are_the_operators_and_the_planners(user: str, allowed: bool) -> None:
    old = changed(lambda g: component(g, 2).update(replicas=5, scalingAdapter={}))
    new = copy.deepcopy(old)
    component(new, 2)["replicas"] = 2
    found = refusals(new, old, Site(grove=True, version="1.6.1", operator=OPERATOR), user)
    assert (found == []) == allowed, found


def test_another_field_beside_live_replicas_may_change_and_so_may_replicas_once_the_adapter_goes() -> None:
    old = changed(lambda g: component(g, 2).update(replicas=5, scalingAdapter={}))
    new = copy.deepcopy(old)
    main(new, 2)["image"] = "r/x:1.6.2"
    assert refusals(new, old, GROVE) == []
    del component(new, 2)["scalingAdapter"]
    component(new, 2)["replicas"] = 1
    assert refusals(new, old, GROVE) == []


def test_an_adapter_and_another_number_do_not_come_in_one_update() -> None:
    new = changed(lambda g: component(g, 2).update(replicas=2, scalingAdapter={}))
    assert any("scaling adapter" in one for one in refusals(new, a_graph(), GROVE))


def test_a_graph_in_deletion_is_not_looked_into() -> None:
    going = {"metadata": {"name": "moe", "deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {}}
    assert refusals(going, a_graph(), GROVE) == []


def test_a_refusal_names_every_error() -> None:
    wrong = changed(lambda g: (main(g, 1).pop("image"), main(g, 2).pop("image")))
    said = answer("validate", "dynamographdeployments", {"uid": "u", "operation": "CREATE", "object": wrong}, GROVE)
    assert (said["uid"], said["allowed"]) == ("u", False)
    assert said["status"]["message"].count("image: must be set") == 2


def test_a_new_graph_gets_the_version_of_the_operator_that_it_began_with() -> None:
    asked = {"uid": "u", "operation": "CREATE", "object": a_graph()}
    patch = json.loads(base64.b64decode(answer("mutate", "dynamographdeployments", asked, GROVE)["patch"]))
    stamp = {"nvidia.com/dynamo-operator-origin-version": "1.6.1"}
    assert patch == [{"op": "add", "path": "/metadata/annotations", "value": stamp}]
    again = asked | {"operation": "UPDATE", "oldObject": a_graph()}
    assert "patch" not in answer("mutate", "dynamographdeployments", again, GROVE)
