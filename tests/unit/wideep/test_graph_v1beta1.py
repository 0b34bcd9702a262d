"""A graph of ``v1beta1`` says of its pods what one of ``v1alpha1`` says, and each version finds its components."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.plans import on_release, plan_of
from wideep.graph.parse import parse_graph
from wideep.plan import Plan

FULL = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}


def made(version: str = "1.6.1", **changes: Any) -> Plan:
    return plan_of(
        **{"namespace": "lab", "layout": "lab-16gpu-singlenode", "hardware": FULL, **on_release(version), **changes}
    )


def components(plan: Plan) -> dict[str, Any]:
    return {each["type"]: each for each in plan.manifests[0]["spec"]["components"]}


@pytest.mark.parametrize("version", ["0.6.0", "1.6.1"])
def test_a_component_is_found_in_the_spec_of_its_version_and_one_that_is_not_there_is_named(version: str) -> None:
    plan = made(version)
    spec: Any = plan.manifests[0]["spec"]

    assert {part.role: plan.graph.part_of(spec, part) for part in plan.graph.parts} == {
        part.role: part.manifest for part in plan.graph.parts
    }
    decode = plan.graph.part("decode")
    components = spec.get("services") or spec["components"]
    components.pop(decode.name if isinstance(components, dict) else components.index(decode.manifest))
    with pytest.raises(KeyError, match=decode.name):
        plan.graph.part_of(spec, decode)


def test_cpu_memory_and_gpus_are_a_containers_limits_by_kubernetes_names() -> None:
    plan = made(workers={"resources": {"cpu": "64", "memory": "512Gi"}}, frontend={"resources": {"cpu": "8"}})

    def limits(role: str) -> dict[str, Any]:
        (container,) = components(plan)[role]["podTemplate"]["spec"]["containers"]
        return container["resources"]

    worker = {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8", "rdma/ib": "8"}
    assert limits("prefill") == limits("decode") == {"limits": worker}
    assert limits("frontend") == {"limits": {"cpu": "8"}}


def test_pods_of_a_full_cluster_are_recreated_and_the_frontends_are_not() -> None:
    def annotations(plan: Plan) -> dict[str, Any]:
        return {role: each["podTemplate"].get("metadata") for role, each in components(plan).items()}

    recreated = {"annotations": {"nvidia.com/deployment-strategy": "Recreate"}}
    assert annotations(made()) == {"frontend": None, "prefill": recreated, "decode": recreated}
    assert set(annotations(made(hardware={**FULL, "nodes": 3})).values()) == {None}


def test_an_adapter_is_asked_for_by_being_there() -> None:
    scaled = {"managedBy": "keda", "initial": 1, "scalingAdapter": True}
    plan = made(layout={"preset": "lab-16gpu-singlenode", "decode": {"replicas": scaled}})

    assert {role: each.get("scalingAdapter") for role, each in components(plan).items()} == {
        "frontend": None,
        "prefill": None,
        "decode": {},
    }


def test_a_version_that_is_not_written_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        ValueError,
        match=r"^apiVersion is example\.com/v2, and this program writes nvidia\.com/v1alpha1, nvidia\.com/v1beta1$",
    ):
        parse_graph({"apiVersion": "example.com/v2"})
