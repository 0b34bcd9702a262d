"""A number of workers that somebody else decides is written as the cluster has it, or not at all."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from components.lifecycle import left_fields
from components.wide_ep import WideEp, WideEpArgs
from sim.operator.v1.admission import Site, refusals
from tests.support.engine import Registered, run
from tests.support.plans import on_release, plan_of
from wideep.dynamo import release
from wideep.plan import Plan
from wideep_cluster.errors import ClusterError

SITE = Site(grove=True, version="1.6.1", operator="system:serviceaccount:n:operator")
PATH = "spec.components[2].replicas"


def plan(version: str = "1.6.1", **decode: Any) -> Plan:
    replicas = {"managedBy": "keda", "initial": 2, "scalingAdapter": True}
    hardware = {"gpu": "H200", "nodes": 8, "gpusPerNode": 8, "interconnect": "infiniband"}
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": replicas, **decode}}
    return plan_of(layout=layout, hardware=hardware, **on_release(version))


def live(of: Plan, replicas: int, *managers: str) -> dict[str, Any]:
    """The graph as the cluster has it, with those who have written the number of its decode workers."""
    body: dict[str, Any] = copy.deepcopy(dict(of.manifests[0]))
    body["spec"]["components"][2]["replicas"] = replicas
    fields = {"f:spec": {"f:components": {'k:{"name":"decode"}': {"f:replicas": {}}}}}
    body["metadata"]["managedFields"] = [{"manager": name, "fieldsV1": fields} for name in managers]
    return body


def up(
    monkeypatch: pytest.MonkeyPatch, now: Plan, before: Plan | None, there: dict[str, Any] | Exception | None
) -> Registered:
    """The graph as it is registered, with a state from before and a cluster."""

    def read(*_: object) -> dict[str, Any] | None:
        if isinstance(there, Exception):
            raise there
        return there

    monkeypatch.setattr(left_fields, "connect_from_config", lambda _: None)
    monkeypatch.setattr(left_fields, "read_graph", read)
    immutable = release(now.platform.version).replace_on_change
    args = WideEpArgs("n", now.graph, "r.example.com/d:1.6.1", 60, left_fields=now.left_fields, immutable=immutable)
    state = {"graph-graph": before.manifests[0]} if before else {}
    return run(lambda: WideEp("graph", args), state=state).resources["graph-graph"]


def decode(made: Registered) -> dict[str, Any]:
    return made.inputs["spec"]["components"][2]


def test_a_new_graph_begins_with_the_number_of_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    made = up(monkeypatch, plan(), None, None)
    assert (decode(made)["replicas"], decode(made)["scalingAdapter"]) == (2, {})


def test_a_number_that_only_the_operator_has_written_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = up(monkeypatch, plan(contextLength=4096), plan(), live(plan(), 5, "manager"))
    assert "replicas" not in decode(made)
    assert made.inputs["spec"]["components"][1]["replicas"] == 1
    assert made.ignores == ()


@pytest.mark.parametrize("managers", [("pulumi-kubernetes-1",), ("pulumi-kubernetes-1", "manager"), ()])
def test_a_number_that_this_program_has_written_too_is_the_clusters(
    monkeypatch: pytest.MonkeyPatch, managers: tuple[str, ...]
) -> None:
    assert decode(up(monkeypatch, plan(), plan(), live(plan(), 5, *managers)))["replicas"] == 5


def test_admission_takes_the_update_of_another_field_whoever_has_written_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for managers in (("manager",), ("pulumi-kubernetes-1",)):
        old = live(plan(), 5, *managers)
        written = up(monkeypatch, plan(contextLength=4096), plan(), old).inputs["spec"]
        there = {one["name"]: one["replicas"] for one in old["spec"]["components"]}
        applied = [{"replicas": there[one["name"]], **one} for one in written["components"]]
        new = {**old, "spec": {**written, "components": applied}}
        assert new["spec"] != old["spec"]
        assert refusals(new, old, SITE, "kubernetes-admin") == []


def test_a_graph_that_is_replaced_begins_with_as_many_workers_as_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = plan(nodes=2, gpusPerNode=4)
    made = up(monkeypatch, wide, plan(), live(plan(), 5, "manager"))
    assert decode(made)["multinode"] == {"nodeCount": 2}
    assert decode(made)["replicas"] == 5


def test_a_graph_that_is_gone_is_made_as_the_config_says(monkeypatch: pytest.MonkeyPatch) -> None:
    made = up(monkeypatch, plan(), plan(), None)
    assert (decode(made)["replicas"], made.ignores) == (2, ())


def test_where_the_cluster_cannot_be_asked_the_engine_keeps_what_the_state_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert up(monkeypatch, plan(), plan(), ClusterError("unreachable")).ignores == (PATH,)


def test_of_a_graph_of_v1alpha1_the_provider_finds_the_field_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    old = plan("0.9.1")
    made = up(monkeypatch, old, old, AssertionError("the cluster was asked"))
    assert made.ignores == ("spec.services.decode.replicas",)
    assert made.inputs["spec"]["services"]["decode"]["replicas"] == 2
