"""What is wrong with a deployed graph: the cause and the key, from status, events and logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.support.cases import CPU, NOW, ago, case, container, event, failures, node, obj, pod, seen, view
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cluster.objects import Graph, Job, KubeObject, Pod

DECODE = "decode-0"
PULL = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(60)}}
LOADED = "Load weight begin\nLoad weight end\n"
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB"


def with_decode(decode: Pod, log: str = "", **changed: Any) -> ClusterSnapshot:
    """The deployed graph, with another decode pod and its log."""
    rest = pod("frontend-0", "frontend", "cpu-0", 0), pod("prefill-0", "prefill", "gpu-0")
    return view(
        own_pods=seen(*rest, decode), logs=lambda asked, previous: log if asked.name == DECODE else "", **changed
    )


def decode(**given: Any) -> Pod:
    """A decode pod that is not ready."""
    return pod(DECODE, "decode", given.pop("on", "gpu-1"), ready=False, **given)


def crashed(**given: Any) -> Pod:
    """A decode pod in a crash loop."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"containerStatuses": [container(restarts=3, state=waiting, lastState=CRASHED)]}
    return decode(status=status, **given)


def only(found: Sequence[Finding], check: str) -> Finding:
    """The one finding of that check."""
    (finding,) = [each for each in found if each.check == check]
    return finding


def test_a_healthy_graph_has_nothing_wrong() -> None:
    found = list(run_checks(case()))

    assert not [each for each in found if each.verdict is Verdict.FAILED]
    assert any("The frontend lists deepseek-ai/DeepSeek-R1" in each.what for each in found)


@dataclass(frozen=True)
class Pulled:
    """What the registry said, and what follows."""

    said: str
    cause: str
    key: str


@pytest.mark.parametrize(
    "case_",
    [
        Pulled("manifest unknown", "the registry has no image registry.sim/dynamo-wideep@sha256:1", "image.tag"),
        Pulled("401 Unauthorized", "rejects the pull of registry.sim/dynamo-wideep@sha256:1", "image.pullSecret"),
        Pulled("dial tcp: lookup registry.sim: no such host", "the nodes cannot reach the registry", "image.tag"),
        Pulled("no space left on device", "its node gpu-1 has no disk space left", ""),
        Pulled(
            "no match for platform in manifest", "is for another CPU architecture than node gpu-1", "image.platform"
        ),
        Pulled("toomanyrequests: slow down", "rate-limits this cluster's pulls", "image.tag"),
    ],
    ids=lambda one: one.key or "disk",
)
def test_an_image_that_cannot_be_pulled_is_told_by_what_the_registry_said(case_: Pulled) -> None:
    waiting = decode(status={"phase": "Pending", "containerStatuses": [container(state=PULL)]})
    look = with_decode(waiting, warnings=seen(event("Pod", DECODE, "Failed", f"Failed to pull image: {case_.said}")))

    found = only(failures(look), "image")

    assert case_.cause in found.what
    assert found.what.startswith(f"{DECODE}: ")
    assert found.key == case_.key


def test_an_image_that_somebody_wrote_by_hand_is_the_stacks_again_after_up() -> None:
    other = decode(image="registry.sim/other:1", status={"containerStatuses": [container(state=PULL)]})

    found = only(failures(with_decode(other)), "image")

    assert found.fix[0].startswith("`pulumi up --refresh`")


def test_a_lost_token_secret_is_named() -> None:
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "hf-token-secret" not found'}}

    found = only(failures(with_decode(decode(status={"containerStatuses": [container(state=state)]}))), "secret")

    assert found.key == "hfToken"


@pytest.mark.parametrize(
    ("log", "cause", "key"),
    [
        (
            LOADED + "RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.",
            "the weights leave no room for a KV cache",
            "layout.decode.memFractionStatic",
        ),
        ("Load weight begin\n" + OOM, "while the weights were loaded", "layout.decode.memFractionStatic"),
        (
            LOADED + "Capture cuda graph begin.\n" + OOM,
            "while CUDA graphs were captured",
            "layout.decode.memFractionStatic",
        ),
        (LOADED + "The server is fired up and ready to roll!\n" + OOM, "under load", "layout.decode.memFractionStatic"),
        (
            "launch.py: error: unrecognized arguments: --frobnicate",
            "unrecognized arguments: --frobnicate",
            "image.gitRef",
        ),
        (
            "ValueError: User-specified context_length (200000) is greater than the derived context_length (163840).",
            "rejects its arguments",
            "layout.decode.contextLength",
        ),
        ("ModuleNotFoundError: No module named 'deep_ep'", "the image lacks a library", "image.gitRef"),
        ("No space left on device: '/dev/shm/psm_1'", "(80Gi) is full: No space left", "workers.sharedMemory"),
        (
            "CUDA error: CUDA-capable device(s) is/are busy or unavailable",
            "another process uses GPUs of its node gpu-1",
            "hardware.nodeSelector",
        ),
        (
            "transport.cpp:nvshmemi_transport_init:275: init failed for transport: IBGDA",
            "NVSHMEM cannot connect the nodes",
            "layout.decode.moeA2aBackend",
        ),
        (
            "NCCL WARN NET/IB : No device found.",
            "NCCL cannot connect the GPUs of its node gpu-1",
            "hardware.nodeSelector",
        ),
        ("CUDA driver version is insufficient for CUDA runtime", "driver does not match", "hardware.nodeSelector"),
        ("OSError: /m does not appear to have a file named config.json", "does not hold deepseek-ai", "modelCache"),
    ],
)
def test_a_crash_is_told_by_its_log(log: str, cause: str, key: str) -> None:
    (found,) = failures(with_decode(crashed(), log))

    assert cause in found.what
    assert found.key == key


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ({"source": "published"}, "image.tag"),
        ({"source": "existing", "reference": "registry.example.com/sglang:1"}, "image.reference"),
    ],
)
def test_an_image_without_a_library_is_told_by_the_key_that_its_source_has(image: dict[str, str], key: str) -> None:
    look = with_decode(crashed(), "ImportError: DeepEP is not installed. Please install DeepEP package")

    found = only(failures(look, image=image, platform={"version": "1.6.1"}), "image")

    assert found.key == key
    assert found.fix[0].startswith(f"{key}: an image with SGLang 0.5.21 (Dynamo 1.6.1)")
    assert found.fix[1].startswith("layout.decode.moeA2aBackend: none")


def test_a_context_beyond_the_models_is_told_with_the_models() -> None:
    said = "ValueError: User-specified context_length (200000) is greater than the derived context_length (163840)."
    found = only(failures(with_decode(crashed(), said)), "arguments")
    assert found.fix == ("layout.decode.contextLength: 163840 or less",)


def test_an_argument_of_the_stacks_own_is_told_as_such() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"extraArgs": ["--frobnicate"]}}
    look = with_decode(crashed(), "error: unrecognized arguments: --frobnicate")

    found = only(failures(look, layout=layout), "arguments")

    assert found.fix == ("Take --frobnicate out of layout.decode.extraArgs.",)


def test_a_crash_without_a_known_cause_quotes_the_last_line_that_speaks_of_an_error() -> None:
    look = with_decode(crashed(), "start\nValueError: a new one\nbye")

    (found,) = failures(look)

    assert "exited with exit code 1 (3 restarts), after: ValueError: a new one" in found.what


def test_no_token_is_ever_quoted() -> None:
    secret = "hf_" + "a1B2" * 8
    look = with_decode(crashed(), f"fatal error: token {secret} was refused")

    assert secret not in str(failures(look))


def test_one_cause_of_many_pods_is_told_once() -> None:
    two = [pod(f"decode-{n}", "decode", f"gpu-{n}", ready=False, status=crashed().status.model_dump()) for n in (0, 1)]
    look = view(
        own_pods=seen(pod("prefill-0", "prefill"), pod("f", "frontend", "cpu-0", 0), *two), logs=lambda _p, _q: OOM
    )
    hardware = {"gpu": "H200", "nodes": 3, "gpusPerNode": 8, "interconnect": "infiniband"}
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": 2}}

    found = only(failures(look, layout=layout, hardware=hardware), "memory")

    assert found.what.startswith("decode-0, decode-1: the GPU ran out of memory")


def test_a_node_that_went_away_is_the_cause_of_its_pods_not_being_ready() -> None:
    look = with_decode(decode(), nodes=seen(node("gpu-0"), node("gpu-1", ready=False), CPU))

    found = only(failures(look), "node")

    assert found.what == "decode-0: its node gpu-1 has not been ready for 5 min."


def test_a_worker_that_loads_is_neither_good_nor_bad() -> None:
    look = with_decode(decode(), "Loading safetensors checkpoint shards:  75% Completed")

    found = only(list(run_checks(case(look))), "loading")

    assert found.verdict is Verdict.UNKNOWN
    assert "weights 75 % loaded" in found.what


def test_a_worker_that_loads_for_longer_than_the_graph_may_take_is_bad() -> None:
    running = {"running": {"startedAt": ago(8 * 3600)}}
    look = with_decode(decode(status={"containerStatuses": [container(state=running)]}))

    assert "has been starting for 8 h (" in only(failures(look), "loading").what


def job(*, meta: dict[str, Any] | None = None, **status: Any) -> KubeObject:
    return obj(Job, "deepseek-r1-model-download", meta=meta or {}, status=status)


@pytest.mark.parametrize(
    ("log", "cause", "key"),
    [
        ("401 Client Error: Unauthorized", "rejects the token (401", "hfToken"),
        ("403 Client Error: Forbidden. Cannot access gated repo", "that have accepted its terms", "hfToken"),
        ("OSError: [Errno 28] No space left on device", "the model cache of 1Ti is full", "modelCache.size"),
        ("ERROR: No matching distribution found for huggingface_hub", "cannot reach PyPI", "modelCache.downloadImage"),
        ("a file is not as it is on Hugging Face; the next try", "the next attempt downloads it again", "modelCache"),
        ("429 Client Error: Too Many Requests for url: https://hf", "limits requests for now (429", "hfToken"),
        ("on the volume: 120G\n" * 12, "has been stuck at 120G for five minutes", "modelCache.download"),
        (
            "Max retries exceeded with url: /api (Name or service not known)",
            "cannot reach Hugging Face",
            "modelCache.download",
        ),
    ],
)
def test_a_download_that_does_not_get_on_is_told_by_its_log(log: str, cause: str, key: str) -> None:
    fetching = pod("fetch-0", "", "cpu-0", 0, owners=[{"kind": "Job", "name": "deepseek-r1-model-download"}])
    look = view(
        deployed=False,
        jobs=seen(job(active=1, startTime=ago(900))),
        own_pods=seen(fetching),
        logs=lambda _pod, previous: "" if previous else log,
    )

    (found,) = failures(look)

    assert cause in found.what
    assert found.key == key


def test_a_download_that_has_fallen_silent_is_told() -> None:
    fetching = pod("fetch-0", "", "cpu-0", 0, owners=[{"kind": "Job", "name": "deepseek-r1-model-download"}])
    look = view(
        deployed=False,
        jobs=seen(job(active=1, startTime=ago(900))),
        own_pods=seen(fetching),
        logs=lambda _pod, _previous: "on the volume: 100G",
        last_line=lambda _pod: NOW - timedelta(minutes=4),
    )

    (found,) = failures(look)

    assert found.what.startswith("The download has logged nothing for 4 min: on the volume: 100G")


def test_pods_of_one_worker_that_do_not_reach_each_other_are_told_by_what_connects_them() -> None:
    hardware = {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"}
    look = with_decode(crashed(), "ncclSystemError: System call failed")

    found = only(failures(look, layout="lab-16gpu-multinode", hardware=hardware), "communication")

    assert found.key == "hardware.rdmaResource"
    assert "hardware.interconnect: roce" in found.fix[1]


def test_a_download_on_its_way_tells_how_far_it_is() -> None:
    fetching = pod("fetch-0", "", "cpu-0", 0, owners=[{"kind": "Job", "name": "deepseek-r1-model-download"}])
    log = "on the volume: 100G\non the volume: 123G"
    look = view(
        deployed=False,
        jobs=seen(job(active=1, startTime=ago(900))),
        own_pods=seen(fetching),
        logs=lambda _pod, _previous: log,
    )

    found = only(list(run_checks(case(look))), "download")

    assert found.what == "The download has been running for 15 min: 123G of 689 GB."


def test_a_graph_that_was_deleted_by_hand_is_missed() -> None:
    look = view(graphs=seen(), own_pods=seen(), jobs=seen(job(succeeded=1)))

    found = only(failures(look), "graph")

    assert "There is no graph deepseek-r1-wideep" in found.what


def test_a_graph_that_was_edited_by_hand_is_told_with_the_difference() -> None:
    good = view().graphs.items[0]
    args = good.model_dump()["spec"]["services"]["decode"]["extraPodSpec"]["mainContainer"]["args"]
    args[args.index("--tp-size") + 1] = "4"
    spec = good.model_dump()["spec"]
    spec["services"]["decode"]["extraPodSpec"]["mainContainer"]["args"] = args
    edited = obj(Graph, good.name, spec=spec, status={"state": "successful"})

    found = only(failures(view(graphs=seen(edited))), "drift")

    assert "is 4, in the stack 8" in found.what
    assert "pulumi up --refresh" in found.fix[0]


@pytest.mark.parametrize(("seconds", "held"), [(299, False), (300, True)])
def test_a_pod_that_is_deleted_has_five_minutes_to_go(seconds: int, held: bool) -> None:
    going = pod(DECODE, "decode", "gpu-1", deleted=ago(seconds))

    found = [each for each in failures(with_decode(going)) if each.check == "node"]

    assert bool(found) is held


def test_a_component_that_nobody_takes_away_is_told_with_its_finalizer() -> None:
    meta = {"deletionTimestamp": ago(600), "finalizers": ["nvidia.com/finalizer"]}
    look = view(components=seen(obj(KubeObject, "deepseek-r1-wideep-decode", meta=meta)))

    found = only(failures(look), "finalizer")

    assert "stuck in Terminating for 10 min (finalizer nvidia.com/finalizer)" in found.what


def test_a_graph_that_calls_itself_ready_without_its_pods_is_not_believed() -> None:
    look = view(own_pods=seen(pod("frontend-0", "frontend", "cpu-0", 0), pod("prefill-0", "prefill")))

    found = only(list(run_checks(case(look))), "graph")

    assert found.verdict is Verdict.UNKNOWN
    assert "has only 0 of 1 decode pods ready" in found.what


def test_a_service_that_was_deleted_is_missed() -> None:
    assert "Service deepseek-r1-wideep-frontend does not exist" in only(failures(view(services=seen())), "service").what


def test_a_frontend_without_a_worker_is_told_though_the_graph_is_ready() -> None:
    found = only(failures(view(models=lambda _service: ())), "frontend")

    assert "no worker has registered deepseek-ai/DeepSeek-R1" in found.what


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "pods is forbidden: exceeded quota: small, requested: nvidia.com/gpu=8",
            "A ResourceQuota prevents the creation of pods",
        ),
        ('failed calling webhook "v.example.com": connection refused', "An admission webhook is unreachable"),
        ("pods is forbidden: User cannot create resource", "The creation is forbidden"),
    ],
)
def test_pods_that_could_not_be_made_are_told_by_the_event(message: str, words: str) -> None:
    graph = view().graphs.items[0]
    waiting = obj(Graph, graph.name, spec=graph.spec, status={"state": "pending", "conditions": []})
    event_ = event("ReplicaSet", "deepseek-r1-wideep-decode-5bc", "FailedCreate", message)
    look = view(graphs=seen(waiting), own_pods=seen(), warnings=seen(event_))

    assert words in only(failures(look), "refused").what


def test_uneven_experts_are_told_with_the_redundant_experts_that_would_fit() -> None:
    line = "[Expert Balancedness] current_pass_balancedness=0.300 last_100_average_balancedness=0.350 "
    look = view(logs=lambda asked, _previous: line if asked.name == DECODE else "")

    found = only(failures(look), "balance")

    assert found.what.startswith("decode: the GPUs' load over the last 100 passes is 35% of the busiest one's")
    assert any("redundantExperts: 8 leaves" in fix for fix in found.fix)
