"""The graph as a custom resource."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.dynamic.graph_ready import GraphReadyProvider
from components.dynamo_stack import DynamoStack, DynamoStackArgs
from components.stack_preflight import OnCluster
from components.wide_ep import WideEp, WideEpArgs
from tests.support.engine import OWN, UNKNOWN, Registered, run
from tests.support.plans import TOKEN, on_release, plan_of, settings_of
from wideep.dynamo import release, release_of
from wideep.plan import Plan

PRESETS = ["lab-16gpu-singlenode", "lab-16gpu-multinode", "wide-32gpu"]
HARDWARE = {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}


def _graph(plan: Plan, image: pulumi.Input[str]) -> Registered:
    args = WideEpArgs("dynamo-workshop", plan.graph, image, plan.ready_timeout_seconds)
    return run(lambda: WideEp("graph", args)).resources["graph-graph"]


def _images(spec: dict[str, Any]) -> set[str]:
    return {service["extraPodSpec"]["mainContainer"]["image"] for service in spec["services"].values()}


@pytest.mark.parametrize("preset", PRESETS)
def test_the_graph_on_the_cluster_is_the_plans_own_manifest(preset: str) -> None:
    plan = plan_of(layout=preset, hardware=HARDWARE)
    written = plan.manifests[-1]
    annotations = written["metadata"]["annotations"] | OWN
    expected = {**written, "metadata": written["metadata"] | {"annotations": annotations}}
    assert {**_graph(plan, plan.image).inputs} == expected


def test_in_another_program_it_is_what_it_is_in_the_stack() -> None:
    image = {"source": "existing", "reference": "r.example.com/dynamo:1"}
    plan, settings = plan_of(image=image), settings_of(image=image)
    whole = run(lambda: DynamoStack("dynamo", DynamoStackArgs(settings, TOKEN, on_cluster=OnCluster())))
    release = release_of(settings)
    kept = {"left_fields": plan.left_fields, "immutable": release.replace_on_change, "engine": plan.engine}
    args = WideEpArgs(plan.namespace, plan.graph, plan.image, plan.ready_timeout_seconds, **kept)
    alone = run(lambda: WideEp("graph", args))
    assert set(alone.resources) == {"graph", "graph-graph", "graph-ready"}
    for name in ("graph-graph", "graph-ready"):
        there = replace(whole.resources[name], after=alone.resources[name].after)
        assert alone.resources[name] == there
    assert alone.resources["graph-graph"].hooks


def test_every_service_runs_the_image_that_was_built() -> None:
    assert _images(_graph(plan_of(), "r.example.com/d@sha256:0").inputs["spec"]) == {"r.example.com/d@sha256:0"}


def test_an_image_that_is_not_known_yet_leaves_the_rest_of_the_graph_readable() -> None:
    unknown = pulumi.Output.from_input("x").apply(lambda _: pulumi.UNKNOWN)
    spec = _graph(plan_of(), unknown).inputs["spec"]
    assert _images(spec) == {UNKNOWN}
    assert spec["services"]["decode"]["replicas"] == 1


def test_a_graph_that_changes_hands_is_made_anew_and_the_old_one_goes_first() -> None:
    made = run(lambda: DynamoStack("d", DynamoStackArgs(settings_of(), hf_token=TOKEN, on_cluster=OnCluster())))
    graph = made.resources["graph-graph"]
    assert graph.deleted_first
    assert 'metadata.annotations["nvidia.com/enable-grove"]' in graph.replaced_by
    several = plan_of(layout="lab-16gpu-multinode", hardware=HARDWARE).manifests[0]
    alone = plan_of().manifests[0]
    assert alone["metadata"]["annotations"]["nvidia.com/enable-grove"] == "false"
    assert "nvidia.com/enable-grove" not in several["metadata"]["annotations"]


def test_all_its_pods_are_awaited_for_as_long_as_loading_the_weights_may_take() -> None:
    plan = plan_of(layout="lab-16gpu-multinode", hardware=HARDWARE)
    args = WideEpArgs("dynamo-workshop", plan.graph, plan.image, plan.ready_timeout_seconds)
    ready = run(lambda: WideEp("graph", args)).resources["graph-ready"]
    assert ready.after == {"graph-graph"}
    assert ready.inputs["deadlineSeconds"] == plan.ready_timeout_seconds
    assert ready.inputs["pods"] == {"frontend": 1, "prefill": 2, "decode": 2}


def test_what_makes_a_roles_pods_anew_is_told_from_what_does_not() -> None:
    def templates(image: str, **changes: Any) -> dict[str, str]:
        plan = plan_of(**changes)
        args = WideEpArgs("dynamo-workshop", plan.graph, image, plan.ready_timeout_seconds)
        return run(lambda: WideEp("graph", args)).resources["graph-ready"].inputs["templates"]

    def changed(image: str = "a", **changes: Any) -> set[str]:
        now = templates(image, **changes)
        return {role for role, digest in templates("a").items() if now[role] != digest}

    assert changed() == set()
    assert changed(image="b") == {"frontend", "prefill", "decode"}
    assert changed(workers={"env": {"A": "1"}}) == {"prefill", "decode"}
    assert changed(frontend={"replicas": 2}) == set()


def test_a_scaling_adapter_makes_no_pod_anew() -> None:
    def templates(**replicas: Any) -> dict[str, str]:
        decode = {"replicas": {"managedBy": "hpa", "initial": 1, **replicas}}
        plan = plan_of(layout={"preset": "lab-16gpu-singlenode", "decode": decode}, **on_release("1.6.1"))
        args = WideEpArgs("dynamo-workshop", plan.graph, "i", 60)
        return run(lambda: WideEp("graph", args)).resources["graph-ready"].inputs["templates"]

    assert templates(scalingAdapter=True) == templates()


def test_whatever_changes_the_graph_or_what_is_wanted_of_it_is_waited_for() -> None:
    before = {"namespace": "n", "graph": "g", "revision": "u/1", "pods": {"decode": 1}, "deadlineSeconds": 60}
    for changed in ({"revision": "u/2"}, {"revision": "v/1"}, {"pods": {"decode": 2}}):
        found = GraphReadyProvider().diff("n/g", before, before | changed)
        assert (found.changes, found.replaces) == (True, [])
    assert not GraphReadyProvider().diff("n/g", before, dict(before)).changes


def test_it_is_deleted_in_the_background_because_foreground_never_ends() -> None:
    annotations = _graph(plan_of(), "x").inputs["metadata"]["annotations"]
    assert annotations["pulumi.com/deletionPropagationPolicy"] == "background"


def test_a_number_of_workers_that_somebody_else_decides_is_written_once_and_waited_for_as_it_is() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": {"managedBy": "planner", "initial": 1}}}
    plan = plan_of(layout=layout)
    args = WideEpArgs(
        "dynamo-workshop", plan.graph, plan.image, plan.ready_timeout_seconds, left_fields=plan.left_fields
    )
    made = run(lambda: WideEp("graph", args)).resources
    assert made["graph-graph"].ignores == ("spec.services.decode.replicas",)
    assert made["graph-graph"].inputs["spec"]["services"]["decode"]["replicas"] == 1
    assert made["graph-ready"].inputs["counted"] == ["decode"]


def test_by_default_every_field_of_the_graph_is_this_programs() -> None:
    made = _graph(plan_of(), "r.example.com/d@sha256:0")
    assert made.ignores == ()


NEWEST = on_release("1.6.1")
OLD_TYPE, NEW_TYPE = (f"kubernetes:nvidia.com/{version}:DynamoGraphDeployment" for version in ("v1alpha1", "v1beta1"))


def test_a_graph_of_another_version_of_its_api_is_the_same_resource_made_anew() -> None:
    old, new = _graph(plan_of(), "i"), _graph(plan_of(**NEWEST), "i")
    assert (old.type, old.once) == (OLD_TYPE, {NEW_TYPE})
    assert (new.type, new.once) == (NEW_TYPE, {OLD_TYPE})
    assert all("apiVersion" in graph.replaced_by and graph.deleted_first for graph in (old, new))


def _of_newest(state: dict[str, Any] | None = None) -> Registered:
    plan = plan_of(**NEWEST)
    immutable = release(plan.platform.version).replace_on_change
    args = WideEpArgs("dynamo-workshop", plan.graph, "i", 60, immutable=immutable)
    return run(lambda: WideEp("graph", args), state=state).resources["graph-graph"]


def test_what_admission_refuses_to_change_replaces_the_graph_in_the_preview() -> None:
    assert {"spec.backendFramework", "spec.components[*].type", "spec.components[*].multinode"} <= {
        *_of_newest().replaced_by
    }


def test_a_component_more_replaces_the_graph_and_the_same_ones_do_not() -> None:
    parts = plan_of(**NEWEST).manifests[0]["spec"]
    same = {"graph-graph": {"spec": parts}}
    other = {"graph-graph": {"spec": {"components": [{"name": "Frontend"}]}}}
    assert "spec.components" not in _of_newest(same).replaced_by
    assert "spec.components" in _of_newest(other).replaced_by


def test_the_pods_of_a_v1beta1_graph_are_awaited_by_role() -> None:
    plan = plan_of(**NEWEST)
    args = WideEpArgs("dynamo-workshop", plan.graph, plan.image, 60)
    ready = run(lambda: WideEp("graph", args)).resources["graph-ready"].inputs
    assert ready["pods"] == {"frontend": 1, "prefill": 1, "decode": 1}
    assert set(ready["templates"]) == {"frontend", "prefill", "decode"}


def test_a_planner_is_awaited_like_the_workers_and_replaces_the_graph_when_it_comes() -> None:
    left = {"replicas": {"managedBy": "planner", "initial": 1}}
    layout = {"preset": "lab-16gpu-singlenode", "decode": left}
    before = plan_of(layout=layout, hardware=HARDWARE, monitoring={"enabled": True}, **NEWEST)
    with_it = {"planner": {"enabled": True}, "monitoring": {"enabled": True}}
    plan = plan_of(layout=layout, hardware=HARDWARE, **with_it, **NEWEST)
    args = WideEpArgs("dynamo-workshop", plan.graph, "i", 60, left_fields=plan.left_fields)
    made = run(lambda: WideEp("graph", args), state={"graph-graph": {"spec": before.manifests[0]["spec"]}}).resources
    assert made["graph-ready"].inputs["pods"] == {"frontend": 1, "prefill": 1, "decode": 1, "planner": 1}
    assert "spec.components" in made["graph-graph"].replaced_by


def _gangs(version: str, layout: str) -> tuple[str | None, bool]:
    """The annotation of a stack's graph, and whether another one replaces it."""
    settings = settings_of(layout=layout, hardware=HARDWARE, **on_release(version))
    made = run(lambda: DynamoStack("d", DynamoStackArgs(settings, hf_token=TOKEN, on_cluster=OnCluster())))
    graph = made.resources["graph-graph"]
    key = "dynamo-wideep/gangs"
    return graph.inputs["metadata"]["annotations"].get(key), f'metadata.annotations["{key}"]' in graph.replaced_by


def test_a_graph_of_several_pods_is_made_anew_where_grove_names_its_gangs_otherwise() -> None:
    several, alone = "lab-16gpu-multinode", "lab-16gpu-singlenode"
    assert [_gangs(version, several)[0] for version in ("0.6.0", "1.3.1", "1.4.2", "1.6.1")] == [
        None,
        None,
        "1.4",
        "1.4",
    ]
    assert _gangs("1.6.1", several)[1]
    assert _gangs("1.6.1", alone)[0] is None
