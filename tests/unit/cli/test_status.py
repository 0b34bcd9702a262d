"""What `wideep status` makes of pods, logs and the frontend's figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.configs import settings
from tests.support.live import loaded, pod
from tests.support.site import serving
from wideep.engines import engine_of
from wideep.masking import masked
from wideep.settings.layout import Role
from wideep_cli.deployment import members
from wideep_cli.status.frontend import ask_frontend, read_figures
from wideep_cli.status.loading import download_progress, loading_progress
from wideep_cluster.objects import Event
from wideep_cluster.podstate import Condition, Phase, condition_of

METRICS = """\
# HELP dynamo_frontend_requests_total Total number of LLM requests processed
dynamo_frontend_requests_total{endpoint="chat_completions",model="deepseek-ai/deepseek-r1",status="success"} 3
dynamo_frontend_requests_total{endpoint="completions",model="deepseek-ai/deepseek-r1",status="error"} 1
dynamo_frontend_requests_total{endpoint="completions",model="another/model",status="success"} 40
dynamo_frontend_inflight_requests{model="deepseek-ai/deepseek-r1"} 2
dynamo_frontend_time_to_first_token_seconds_bucket{model="deepseek-ai/deepseek-r1",le="0.1"} 1
dynamo_frontend_time_to_first_token_seconds_sum{model="deepseek-ai/deepseek-r1"} 0.5
dynamo_frontend_time_to_first_token_seconds_count{model="deepseek-ai/deepseek-r1"} 4
dynamo_frontend_inter_token_latency_seconds_sum{model="deepseek-ai/deepseek-r1"} 1.2
dynamo_frontend_inter_token_latency_seconds_count{model="deepseek-ai/deepseek-r1"} 100
"""


def status(**state: object) -> dict[str, object]:
    """The status of a pod with one container in that state."""
    return {"phase": "Pending", "containerStatuses": [{"name": "main", "state": state}]}


def test_figures_are_those_of_the_stacks_model_over_all_endpoints() -> None:
    figures = read_figures(METRICS, "deepseek-ai/DeepSeek-R1")

    assert (figures.requests, figures.inflight) == (4, 2)
    assert figures.ttft_ms == pytest.approx(125)
    assert figures.itl_ms == pytest.approx(12)
    assert figures.input_tokens is None


@pytest.mark.parametrize(("backend", "workers"), [("vllm", (0, 1)), ("sglang", (1, 2))])
def test_a_worker_whose_nodes_register_each_counts_when_all_have(
    tmp_path: Path, backend: str, workers: tuple[int, int]
) -> None:
    grouped = {"dp": 8, "memFractionStatic": 0.85}
    layout = {"preset": "lab-16gpu-multinode", "prefill": grouped, "decode": grouped}
    found = loaded(tmp_path, layout=layout, backend=backend, platform={"version": "1.6.1"}, image=None)
    engine = engine_of(found.settings)
    name = next(part.manifest.get("dynamoNamespace") or found.plan.name for part in found.plan.graph.parts)
    components = {role: component for component, role in engine.components.items()}
    instance = {"namespace": f"{found.plan.namespace}-{name}-0123abcd", "endpoint": "generate"}
    registered = [Role.PREFILL, Role.DECODE, Role.DECODE]
    with serving() as site:
        site.says("/health", 200, {"instances": [instance | {"component": components[role]} for role in registered]})
        site.says("/v1/models", 200, {"data": []})
        site.says("/metrics", 200, METRICS)
        view = ask_frontend(int(site.address.rsplit(":", 1)[1]), found.plan, engine)

    assert view.workers == dict(zip((Role.PREFILL, Role.DECODE), workers, strict=True))


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ([], "started"),
        (["Init torch distributed begin."], "connecting its ranks"),
        (["Load weight begin", "Loading safetensors checkpoint shards:  25% Completed"], "loading weights, 25 %"),
        (["Loading safetensors checkpoint shards: 100% Completed", "Load weight end."], "weights loaded, allocating"),
        (["Capture cuda graph begin. This can take"], "capturing CUDA graphs"),
    ],
)
def test_the_log_tells_how_far_a_worker_is(log: list[str], words: str) -> None:
    assert loading_progress(log, engine_of(settings()).log).startswith(words)


def test_a_downloads_progress_is_its_last_percentage() -> None:
    assert download_progress(["Fetching files:  10%", "Fetching files:  40%", "still at it"]) == "40 %"
    assert download_progress(["nothing yet"]) == ""


def test_a_pod_that_no_node_takes_says_what_the_scheduler_says() -> None:
    said = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are available"
    waits = pod(
        "a",
        "decode",
        spec={"nodeName": ""},
        status={"conditions": [{"type": "PodScheduled", "status": "False", "message": said}]},
    )

    condition = condition_of(waits)

    assert condition.phase is Phase.UNSCHEDULED
    assert condition.reason == "0/4 nodes are available: 4 Insufficient nvidia.com/gpu"


def test_an_image_that_is_not_there_and_a_crash_loop_are_failures_with_their_reason() -> None:
    pull = pod("a", status=status(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image x"}))
    crash = {"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    crash["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    loop = pod("b", "decode", status={"containerStatuses": [crash]})

    assert condition_of(pull).reason == "ImagePullBackOff: Back-off pulling image x"
    assert condition_of(loop).phase is Phase.FAILED
    assert "exit code 137, OOMKilled" in condition_of(loop).reason


def test_a_pod_that_starts_says_its_last_warning_without_a_token() -> None:
    starts = pod("a", "decode", status=status(waiting={"reason": "ContainerCreating"}))
    about = {"kind": "Pod", "name": "a"}
    message = "mount failed for hf_" + "A1b2C3d4E5"
    warning = {"metadata": {"name": "e"}, "involvedObject": about, "reason": "FailedMount", "message": message}

    condition = condition_of(starts, (Event.model_validate(warning),))

    assert condition.reason == "FailedMount: mount failed for [secret]"
    assert condition_of(starts).reason == "ContainerCreating"


def test_a_running_pod_that_is_not_ready_is_loading() -> None:
    assert condition_of(pod("a", "decode", status=status(running={}))) == Condition(Phase.LOADING)


def test_a_pod_that_runs_again_after_an_error_says_how_it_ended() -> None:
    again = {"name": "main", "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}}

    condition = condition_of(pod("a", "decode", status={"containerStatuses": [again]}))

    assert condition == Condition(Phase.LOADING, "its last run ended with exit code 1: wideep doctor")


def test_what_looks_like_a_token_is_never_shown() -> None:
    secret = "hf_" + "Zz9" * 8

    assert masked(f"using {secret} and Bearer {'x' * 20}.") == "using [secret] and Bearer [secret]"


@pytest.mark.parametrize("labelled", [True, False])
def test_pods_of_a_worker_have_worker_and_rank_by_groves_labels_or_names(tmp_path: Path, labelled: bool) -> None:
    plan = loaded(tmp_path, layout="lab-16gpu-multinode").plan

    def grove(group: int, clique: str, index: int) -> object:
        base = f"r1-0-decode-{group}-decode-{clique}"
        labels = {
            "grove.io/podcliquescalinggroup-replica-index": str(group),
            "grove.io/podclique": base,
            "grove.io/podclique-pod-index": str(index),
        }
        name = base if labelled else base.replace("-decode-ldr", "-decode-ldr").replace("-decode-wkr", "-decode-wkr")
        return pod(f"{name}-{index}-x7k2p", "decode", labels=labels if labelled else {})

    pods = [grove(1, "wkr", 0), grove(0, "ldr", 0), grove(1, "ldr", 0), grove(0, "wkr", 0)]

    places = [each.place for each in members(plan, pods)]  # pyright: ignore[reportArgumentType]

    assert places == ["decode-0.0", "decode-0.1", "decode-1.0", "decode-1.1"]


def test_ranks_of_a_leader_worker_set_are_its_worker_indexes(tmp_path: Path) -> None:
    plan = loaded(tmp_path, layout="lab-16gpu-multinode").plan
    labels = {"leaderworkerset.sigs.k8s.io/group-index": "0"}
    pods = [
        pod(f"w-{rank}", "prefill", labels=labels | {"leaderworkerset.sigs.k8s.io/worker-index": str(rank)})
        for rank in (1, 0)
    ]

    assert [each.place for each in members(plan, pods)] == ["prefill-0.0", "prefill-0.1"]


def test_workers_of_one_pod_are_numbered_by_age_and_ended_pods_left_out(tmp_path: Path) -> None:
    plan = loaded(tmp_path).plan
    young = pod("a", "decode", metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    old = pod("b", "decode", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    ended = pod("c", "decode", status={"phase": "Failed"})

    found = members(plan, [young, old, ended, pod("f")])

    assert [(each.place, each.pod.name) for each in found] == [
        ("frontend-0", "f"),
        ("decode-0", "b"),
        ("decode-1", "a"),
    ]
