"""``planner``: the component that runs it, and where it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.plans import on_release, plan_of, settings_of
from wideep.errors import ConfigError, Problem
from wideep.graph.v1beta1 import Type
from wideep.plan import Plan
from wideep_cli.plan.scaling import scaling_lines
from wideep_cli.stack_context import StackContext

HARDWARE = {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}
LEFT = {"replicas": {"managedBy": "planner", "initial": 1}}
BOTH = {"preset": "lab-16gpu-singlenode", "prefill": LEFT, "decode": LEFT}


def config(version: str = "1.6.1", **changes: Any) -> dict[str, Any]:
    on = {"layout": BOTH, "hardware": HARDWARE, "planner": {"enabled": True}, "monitoring": {"enabled": True}}
    return {"namespace": "lab", **on, **on_release(version), **changes}


def component(plan: Plan) -> dict[str, Any]:
    (found,) = [each for each in plan.manifests[0]["spec"]["components"] if each["type"] == "planner"]
    return found


def main(plan: Plan) -> dict[str, Any]:
    (container,) = component(plan)["podTemplate"]["spec"]["containers"]
    return container


def told(plan: Plan) -> dict[str, Any]:
    flag, text = main(plan)["args"]
    assert flag == "--config"
    return json.loads(text)


def problems(**changes: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as refused:
        plan_of(**config(**changes))
    return list(refused.value.problems)


def test_the_graph_gets_a_component_that_scales_both_roles_within_the_stacks_gpus() -> None:
    plan = plan_of(**config())
    assert (component(plan)["name"], component(plan)["replicas"]) == ("Planner", 1)
    assert component(plan)["runtimeVersionOverride"] == "1.6.1"
    assert main(plan)["image"] == "nvcr.io/nvidia/ai-dynamo/dynamo-planner:1.6.1"
    assert main(plan)["command"] == ["python3", "-m", "dynamo.planner"]
    assert told(plan) == {
        "environment": "kubernetes",
        "backend": "sglang",
        "mode": "disagg",
        "optimization_target": "throughput",
        "max_gpu_budget": 32,
        "min_endpoint": 1,
        "prefill_engine_num_gpu": 8,
        "decode_engine_num_gpu": 8,
        "advisory": False,
        "report_interval_hours": None,
        "live_dashboard_port": 0,
    }
    assert plan.left_fields.keys() == {"spec.components[1].replicas", "spec.components[2].replicas"}
    assert plan.graph.parse(plan.manifests[0]) == plan.graph


def test_its_pod_has_what_the_stack_gives_it_and_may_do_nothing_to_its_node() -> None:
    plan = plan_of(
        **config(
            planner={"enabled": True, "resources": {"cpu": "4", "memory": "8Gi"}},
            image={"source": "existing", "reference": "registry.example.com/a:1.6.1", "pullSecret": "pull"},
            telemetry={"jsonLogs": True, "traces": "http://otel:4317"},
        )
    )
    pod = component(plan)["podTemplate"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert main(plan)["resources"] == {"limits": {"cpu": "4", "memory": "8Gi"}}
    assert main(plan)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert {"name": "OTEL_SERVICE_NAME", "value": f"{plan.name}-planner"} in main(plan)["env"]
    assert "resources" not in main(plan_of(**config()))


def test_it_is_told_which_engine_it_scales() -> None:
    share = {"memFractionStatic": 0.9}
    layout = {"preset": "lab-16gpu-singlenode", "prefill": LEFT | share, "decode": LEFT | share}
    assert told(plan_of(**config(backend="vllm", layout=layout)))["backend"] == "vllm"


def test_a_single_role_has_the_gpus_that_the_other_one_leaves() -> None:
    layout = {**BOTH, "prefill": {"replicas": 2}}
    plan = plan_of(
        **config(layout=layout, planner={"enabled": True, "optimizationTarget": "latency", "advisory": True})
    )
    said = told(plan)
    assert (said["mode"], said["max_gpu_budget"], said["decode_engine_num_gpu"]) == ("decode", 16, 8)
    assert "prefill_engine_num_gpu" not in said
    assert (said["optimization_target"], said["advisory"]) == ("latency", True)


def test_workers_publish_their_forward_passes_only_for_a_planner() -> None:
    def asked(plan: Plan) -> set[str]:
        containers = (
            (each["type"], each["podTemplate"]["spec"]["containers"][0])
            for each in plan.manifests[0]["spec"]["components"]
        )
        return {
            kind for kind, one in containers if "DYN_FORWARDPASS_METRIC_PORT" in {e["name"] for e in one.get("env", [])}
        }

    assert asked(plan_of(**config())) == {"prefill", "decode"}
    off = plan_of(**config(planner={"enabled": False}))
    assert asked(off) == set()
    assert "planner" not in {part.role for part in off.graph.parts}


@pytest.mark.parametrize(
    ("planner", "address"),
    [
        ({}, "http://wideep-monitoring-prometheus.lab.svc:9090"),
        ({"prometheus": "https://thanos.obs:9091/query"}, "https://thanos.obs:9091/query"),
    ],
)
def test_it_reads_the_stacks_prometheus_or_the_one_that_is_named(planner: dict[str, str], address: str) -> None:
    env = main(plan_of(**config(planner={"enabled": True, **planner})))["env"]
    assert {"name": "PROMETHEUS_ENDPOINT", "value": address} in env


def test_its_image_stays_when_the_workers_get_theirs_and_can_be_another() -> None:
    plan = plan_of(**config(planner={"enabled": True, "image": "mirror.example.com/dynamo-planner:1.6.1"}))
    images = {
        each["type"]: each["podTemplate"]["spec"]["containers"][0]["image"]
        for each in plan.graph.spec_with_image("pushed@sha256:1")["components"]  # type: ignore[index]
    }
    assert images.pop(Type.PLANNER) == "mirror.example.com/dynamo-planner:1.6.1"
    assert set(images.values()) == {"pushed@sha256:1"}


@pytest.mark.parametrize(
    ("version", "because"),
    [
        ("0.9.1", "needs hours of profiling"),
        ("1.0.2", "needs hours of profiling"),
        ("1.1.1", "restarted all workers"),
        ("1.2.1", "restarted all workers"),
        ("1.4.2", "under-reported"),
        ("1.5.1", "that the plan does not know"),
    ],
)
def test_a_release_whose_planner_does_not_scale_is_refused_with_what_it_lacks(version: str, because: str) -> None:
    (problem,) = problems(version=version)
    assert problem.key == "planner.enabled"
    assert f"Dynamo {version} " in problem.rule
    assert because in problem.rule
    assert "set platform.version: 1.6.1" in problem.fix


@pytest.mark.parametrize(
    ("monitoring", "has"),
    [
        ({"enabled": False}, "monitoring is off"),
        (
            {"enabled": True, "install": False, "namespace": "obs", "selectorLabels": {"release": "kps"}},
            "monitoring.install is false",
        ),
    ],
)
def test_without_a_prometheus_it_is_refused_and_with_an_address_it_is_not(monitoring: dict[str, Any], has: str) -> None:
    (problem,) = problems(monitoring=monitoring)
    assert (problem.key, has in problem.rule) == ("planner.prometheus", True)
    named = {"enabled": True, "prometheus": "http://kps.obs:9090"}
    assert main(plan_of(**config(monitoring=monitoring, planner=named)))


def test_without_room_for_one_more_whole_worker_it_is_refused_with_the_arithmetic() -> None:
    (problem,) = problems(hardware={**HARDWARE, "nodes": 2}, layout={**BOTH, "prefill": {"replicas": 1}})
    assert problem.key == "layout.decode.replicas"
    assert "1 × 8 = 8 GPUs" in problem.rule
    assert "of 2 × 8 = 16 the layout uses 16" in problem.rule
    assert "set hardware.nodes: 3" in problem.fix


def test_without_a_role_that_is_left_to_it_it_is_refused_with_what_to_write() -> None:
    (problem,) = problems(layout="lab-16gpu-singlenode")
    assert problem.key == "planner.enabled"
    assert "layout.decode.replicas: {managedBy: planner, initial: N}" in problem.fix


def test_of_tensorrt_llm_it_is_refused() -> None:
    assert "planner.enabled" in {problem.key for problem in problems(backend="trtllm")}


def test_the_plan_says_what_it_may_use_and_reads() -> None:
    made = config()
    lines = dict(scaling_lines(StackContext(settings_of(**made), plan_of(**made), ())))
    assert lines["planner"] == (
        "uses up to 32 GPUs, target throughput; reads Prometheus at http://wideep-monitoring-prometheus.lab.svc:9090"
    )
    assert lines["decode"].startswith("planner changes replicas of graph ")
