"""What `wideep plan --diff` says of each kind of change: what restarts, what is scaled, replaced, left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from tests.support.configs import LAB
from tests.support.plans import on_release
from wideep.plan import make_plan
from wideep.rules import accept_settings
from wideep.settings import parse
from wideep_cli.options import OutputFormat
from wideep_cli.plan.changes import argument_changes, changes
from wideep_cli.plan.difference import difference
from wideep_cli.plan.difference_report import difference_report
from wideep_cli.plan.effect import Effect
from wideep_cli.plan.markdown import plan_markdown
from wideep_cli.plan.text import plan_text
from wideep_cli.stack_context import StackContext

STACK: dict[str, Any] = {
    "namespace": "lab",
    "model": "deepseek-ai/DeepSeek-R1",
    "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": {"preset": "lab-16gpu-singlenode"},
    "image": {"source": "build", "repository": "registry.example.com/dynamo-wideep", "tag": "0.6.0"},
    "hfToken": {"secure": "v1:x"},
    "modelCache": {"size": "1Ti"},
}


def loaded(platform: Mapping[str, object] | None = None, **keys: object) -> StackContext:
    settings = parse({**STACK, **keys, "platform": {**LAB, **(platform or {})}})
    return StackContext(settings, make_plan(accept_settings(settings)), ())


def layout(**roles: dict[str, object]) -> dict[str, object]:
    return {"preset": "lab-16gpu-singlenode", **roles}


def effects(**keys: object) -> dict[str, str]:
    return {change.name: change.effect.value for change in difference(loaded(), loaded(**keys)).objects}


def consequences(before: StackContext, after: StackContext) -> dict[str, str]:
    return {change.name: change.consequence for change in difference(before, after).objects}


def test_more_workers_of_a_role_leave_the_others_alone() -> None:
    assert effects(layout=layout(decode={"replicas": 2})) == {"pods of decode": "scaled"}
    assert consequences(loaded(), loaded(layout=layout(decode={"replicas": 2}))) == {"pods of decode": "1 pod more."}
    fewer = consequences(loaded(layout=layout(decode={"replicas": 3})), loaded())
    assert fewer["pods of decode"] == "2 pods fewer; the others keep serving."


def test_a_scaling_adapter_restarts_no_pod() -> None:
    def scaled(**more: object) -> StackContext:
        decode = {"replicas": {"managedBy": "keda", "initial": 1, **more}}
        image = {"source": "existing", "reference": "registry.example.com/dynamo:1.6.1"}
        return loaded({"version": "1.6.1"}, image=image, layout=layout(decode=decode))

    found = difference(scaled(), scaled(scalingAdapter=True))
    assert {change.name: change.consequence for change in found.objects} == {"pods of decode": "No pod restarts."}
    assert "layout.decode.replicas.scalingAdapter" in " ".join(map(str, found.settings))


def test_whether_the_cluster_is_full_changes_how_pods_would_restart_but_restarts_none() -> None:
    full = loaded(hardware={**STACK["hardware"], "nodes": 2})
    found = difference(loaded(), full).objects
    assert {(change.effect.value, change.consequence) for change in found} == {("updated in place", "No pod restarts.")}


def test_an_engine_argument_restarts_its_own_role() -> None:
    assert effects(layout=layout(prefill={"memFractionStatic": 0.85})) == {"pods of prefill": "restarted"}


def test_a_key_that_stands_in_a_file_of_the_engine_is_told_as_the_file_has_it() -> None:
    before, after = (
        loaded(
            {"version": "1.6.1"},
            backend="trtllm",
            image={"source": "existing", "reference": "registry.example.com/trtllm:1.6.1"},
            layout=layout(decode={"maxRunningRequests": requests}),
        )
        for requests in (64, 128)
    )
    found = difference(before, after)
    assert "decode.engine.yaml.max_batch_size: 8 → 16" in {str(change) for change in found.settings}
    assert {change.name: change.effect.value for change in found.objects} == {"pods of decode": "restarted"}
    told = StringIO()
    Console(file=told, width=100).print(plan_text(after))
    assert "engine.yaml of decode\n  tensor_parallel_size: 8" in re.sub(" +\n", "\n", told.getvalue())
    assert "```\ntensor_parallel_size: 8\n" in plan_markdown(after)


def test_a_restart_is_an_outage_only_where_no_gpu_is_free() -> None:
    changed = layout(decode={"memFractionStatic": 0.85})
    full = {**STACK["hardware"], "nodes": 2}
    assert consequences(loaded(), loaded(layout=changed)) == {"pods of decode": "Its pod restarts."}
    tight = consequences(loaded(hardware=full), loaded(hardware=full, layout=changed))["pods of decode"]
    assert tight.startswith("Its pod restarts at once, because no node has room for a second one: an outage")


def test_a_worker_over_several_nodes_is_another_object_and_needs_grove() -> None:
    wide = {"nodes": 2, "tp": 16, "dp": 16, "ep": 16}
    assert effects(layout=layout(decode=wide)) == {
        "graph deepseek-r1-wideep": "replaced",
        "release dynamo-platform": "updated in place",
    }


def test_when_the_last_worker_of_several_nodes_goes_grove_stays() -> None:
    wide = loaded(layout=layout(decode={"nodes": 2, "tp": 16, "dp": 16, "ep": 16}))
    found = {change.name: change.effect.value for change in difference(wide, loaded()).objects}
    assert found == {"graph deepseek-r1-wideep": "replaced"}


def test_a_worker_over_more_nodes_than_before_leaves_the_graph_with_grove() -> None:
    hardware = {**STACK["hardware"], "nodes": 9}
    before, after = (loaded(hardware=hardware, layout=preset) for preset in ("wide-32gpu", "wide-64gpu"))
    assert {change.name: change.effect.value for change in difference(before, after).objects} == {
        "pods of decode": "replaced",
        "pods of prefill": "replaced",
    }


def test_another_image_restarts_all_pods_and_is_built() -> None:
    image = {**STACK["image"], "tag": "0.6.0-1"}
    assert effects(image=image) == {
        "image": "updated in place",
        "pods of Frontend": "restarted",
        "pods of decode": "restarted",
        "pods of prefill": "restarted",
    }


def test_a_volume_grows_in_place_and_another_class_replaces_it() -> None:
    assert effects(modelCache={"size": "2Ti"}) == {"claim model-cache-pvc": "updated in place"}
    assert effects(modelCache={"size": "1Ti", "storageClass": "fast"}) == {"claim model-cache-pvc": "replaced"}


def test_another_revision_downloads_again() -> None:
    found = effects(modelCache={"size": "1Ti", "revision": "0" * 40})
    assert found["job deepseek-r1-model-download"] == "replaced"


def test_another_namespace_moves_everything_that_lives_there() -> None:
    found = effects(namespace="other")
    assert found["graph deepseek-r1-wideep"] == "replaced"
    assert found["claim model-cache-pvc"] == "replaced"


def test_a_platform_that_is_there_already_is_not_installed() -> None:
    assert effects(platform={"install": False}) == {
        "release dynamo-platform": "deleted",
        "network policy dynamo-platform-etcd-clients": "deleted",
        "network policy dynamo-platform-nats-clients": "deleted",
    }


INGRESS = {"host": "chat.example.com", "className": "nginx"}
OUTSIDE = {"allowFrom": ["10.0.0.0/8"]}


def test_a_way_in_from_outside_is_told_when_it_is_made_changed_and_taken_away() -> None:
    without = loaded(access=OUTSIDE)
    opened = loaded(access=OUTSIDE, frontend={"service": {"type": "LoadBalancer"}, "ingress": INGRESS})
    secured = loaded(
        access=OUTSIDE, frontend={"service": {"type": "LoadBalancer"}, "ingress": {**INGRESS, "tlsSecret": "chat-tls"}}
    )

    def told(before: StackContext, after: StackContext) -> dict[str, str]:
        return {change.name: change.effect.value for change in difference(before, after).objects}

    service, ingress = "service deepseek-r1-wideep-frontend-public", "ingress deepseek-r1-wideep-frontend"
    assert told(without, opened) == {service: "created", ingress: "created"}
    assert told(opened, without) == {service: "deleted", ingress: "deleted"}
    assert told(opened, secured) == {ingress: "updated in place"}
    (change,) = difference(opened, secured).objects
    assert [str(reason) for reason in change.because] == ["frontend.ingress.tlsSecret: – → chat-tls"]


def test_who_may_connect_is_told_policy_by_policy() -> None:
    graph, platform = "deepseek-r1-wideep", "dynamo-platform"
    assert effects(access={"metricsFrom": ["monitoring"]}) == {
        f"network policy {graph}-frontend": "updated in place",
        f"network policy {graph}-workers": "updated in place",
    }
    names = (f"{graph}-frontend", f"{graph}-workers", f"{platform}-etcd-clients", f"{platform}-nats-clients")
    off = effects(access={"networkPolicies": False})
    assert {name: effect for name, effect in off.items() if name.startswith("network")} == {
        f"network policy {name}": "deleted" for name in names
    }


def test_monitoring_restarts_the_workers_once_and_a_change_of_it_restarts_nothing() -> None:
    on = {"monitoring": {"enabled": True}}
    assert effects(**on) == {
        "monitoring": "created",
        "release dynamo-platform": "updated in place",
        "pods of prefill": "restarted",
        "pods of decode": "restarted",
    }
    longer = loaded(monitoring={"enabled": True, "retention": "30d"})
    assert {each.name: each.effect for each in difference(loaded(**on), longer).objects} == {
        "monitoring": Effect.UPDATED
    }
    assert {each.name: each.effect for each in difference(longer, loaded()).objects}["monitoring"] is Effect.DELETED


def test_a_burn_in_that_comes_changes_and_goes_is_told_and_restarts_nothing() -> None:
    on = loaded(burnin={"enabled": True})

    def told(after: StackContext) -> dict[str, str]:
        return {each.name: each.effect for each in difference(on, after).objects}

    assert effects(burnin={"enabled": True}) == {"burn-in": Effect.CREATED}
    assert told(loaded(burnin={"enabled": True, "again": "repaired"})) == {"burn-in": Effect.UPDATED}
    (later,) = difference(on, loaded(burnin={"enabled": True, "floor": {"bf16": 0.5}})).objects
    assert later.consequence == "It counts the next time that nodes are measured."
    assert [str(change) for change in later.because] == ["burn-in.floor.bf16: 0.6 → 0.5"]
    assert told(loaded()) == {"burn-in": Effect.DELETED}


def test_in_another_namespace_the_policies_are_made_anew() -> None:
    assert effects(namespace="other")["network policy deepseek-r1-wideep-workers"] == "replaced"


def test_every_line_of_the_difference_names_what_was_and_what_will_be() -> None:
    found = difference(loaded(), loaded(layout=layout(decode={"replicas": 2})))
    assert [str(change) for change in found.settings] == [
        "GPUs in use: 16 → 24",
        "nodes in use: 2 → 3",
        "layout.decode.replicas: 1 → 2",
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_the_difference_names_config_keys_and_cuts_none(width: int) -> None:
    """Of two stacks that differ in nearly everything, and with names of the program's own in none of its lines."""
    other: dict[str, object] = {"preset": "best-16gpu", "decode": {"maxRunningRequests": 1024}}
    after = loaded({"version": "1.6.1"}, layout=other, image={"source": "published"}, modelCache={"size": "2Ti"})
    console = Console(file=StringIO(), width=width)
    console.print(difference_report(loaded(), after, OutputFormat.TEXT))
    text = cast(StringIO, console.file).getvalue()
    assert "…" not in text.partition("What `pulumi up` does")[0]
    found = difference(loaded(), after)
    paths = [each.path for each in (*found.settings, *(why for change in found.objects for why in change.because))]
    assert all(path in text for path in [each.path for each in found.settings])
    own = ("args ", "platform.values.", "extraPodSpec", "podTemplate", "envs")
    assert [path for path in paths if "_" in path and not path.startswith(own)] == []


def test_a_stack_does_not_differ_from_itself() -> None:
    found = difference(loaded(), loaded())
    assert (found.settings, found.objects) == ((), ())


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c: 2 → 3"]),
        ({"a": 1}, {"b": [1, None]}, ["a: 1 → –", "b: – → [1, –]"]),
        ({"a": {"b": 1}}, {"a": None}, ["a: {b: 1} → –"]),
    ],
)
def test_changes_are_found_leaf_by_leaf(before: object, after: object, lines: list[str]) -> None:
    assert [str(change) for change in changes(before, after, "")] == lines


def test_arguments_are_compared_flag_by_flag_in_any_order() -> None:
    before = ("--tp-size", "8", "--enable-eplb", "--cuda-graph-bs", "1", "2")
    assert (
        list(argument_changes(before, ("--enable-eplb", "--cuda-graph-bs", "1", "2", "--tp-size", "8"), "args")) == []
    )
    assert [str(change) for change in argument_changes(before, ("--tp-size", "16", "--new"), "args")] == [
        "args --tp-size: 8 → 16",
        "args --enable-eplb: set → –",
        "args --cuda-graph-bs: 1 2 → –",
        "args --new: – → set",
    ]


def test_another_release_says_what_becomes_of_the_graph_and_of_the_crds() -> None:
    old, new = loaded(**on_release("0.9.1")), loaded(**on_release("1.0.2"))
    told = consequences(old, new)
    assert "Helm upgrades it." in told["release dynamo-platform"]
    assert told["release dynamo-crds"] == "Its CRDs stay, and every graph with them."


def test_a_jump_says_that_up_refuses_it_and_the_way_there() -> None:
    told = consequences(loaded(**on_release("0.6.0")), loaded(**on_release("1.6.1")))
    assert told["release dynamo-platform"].startswith("`pulumi up` refuses it: ")
    assert "1.0.2" in told["release dynamo-platform"]


def test_a_graph_in_another_version_of_its_api_is_replaced() -> None:
    old, new = loaded(**on_release("1.2.1")), loaded(**on_release("1.3.1"))
    (graph,) = [each for each in difference(old, new).objects if each.name.startswith("graph ")]
    assert graph.effect.value == "replaced"
    assert graph.because[0].path == "apiVersion"


def test_a_v1beta1_graph_is_told_component_by_component() -> None:
    new = on_release("1.6.1")
    more = difference(loaded(**new), loaded(**new, layout=layout(decode={"replicas": 2})))
    assert {each.name: each.effect.value for each in more.objects} == {"pods of decode": "scaled"}
    other = difference(loaded(**new), loaded(**new, layout=layout(decode={"memFractionStatic": 0.7})))
    (change,) = other.objects
    assert (change.name, change.effect.value) == ("pods of decode", "restarted")
    assert any(each.path == "args --mem-fraction-static" for each in change.because)


def test_another_engine_replaces_the_graph() -> None:
    same = {"layout": "wide-32gpu", "platform": {"version": "1.6.1"}, "image": {"source": "published"}}
    found = difference(loaded(**same), loaded(**same, backend="vllm"))

    assert ("backend", "sglang", "vllm") in [(each.path, each.before, each.after) for each in found.settings]
    (graph,) = [each for each in found.objects if each.name.startswith("graph ")]
    assert graph.effect == "replaced"
    assert "vLLM 0.31.0 becomes the engine" in graph.consequence
    assert not [each for each in found.objects if each.name.startswith("pods of ")]


def test_a_switch_is_shown_as_a_stack_file_has_it() -> None:
    found = difference(loaded(), loaded(modelCache={"size": "1Ti", "retain": True})).objects
    lines = [line for change in found for line in change.because]
    assert "modelCache.retain: false → true" in [str(line) for line in lines]
