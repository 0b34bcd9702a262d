"""What doctor makes of an engine's last lines: the cause in this stack, the key, and a value where one follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.cases import CPU, ago, container, failures, node, obj, pod, seen
from tests.unit.cli.test_doctor_troubles import crashed, with_decode
from tests.unit.wideep.test_symptoms import ENGINE
from wideep.signs import Place
from wideep.symptoms import SIGNS
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.symptoms import CAUSES
from wideep_cluster.objects import Pod, StatefulSet

LOADED = "Load weight begin. avail mem=137.29 GB\nLoad weight end.\n"
CAPTURES = f"{LOADED}Capture cuda graph begin.\n"
FIRED = f"{CAPTURES}Capture cuda graph end.\nThe server is fired up and ready to roll!\n"
DISPATCH = "Assertion error deep_ep.cpp:1025 'x.size(0) <= num_max_dispatch_tokens_per_rank'"
NO_ROUTE = (
    "UCX ERROR ibv_create_ah(dgid=::ffff:192.0.2.1 sgid_index=3) for UD mlx5 connect on mlx5_3 failed: Connection "
    "timed out\nnixlBackendError: NIXL_ERR_BACKEND"
)
NODES = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8}
WIDE: dict[str, Any] = {
    "layout": "best-16gpu",
    "hardware": {**NODES, "interconnect": "infiniband", "rdmaResource": "rdma/ib"},
}
ROCE: dict[str, Any] = {**WIDE, "hardware": {**WIDE["hardware"], "interconnect": "roce"}}


def of_decode(look: ClusterSnapshot, **stack: Any) -> list[Finding]:
    """What is wrong with the decode pod. The graph of the view is another stack's, and that is said elsewhere."""
    return [found for found in failures(look, **stack) if found.what.startswith("decode-0")]


@dataclass(frozen=True)
class Told:
    """A log, and what is said of it: words of the cause, the key, and words of the steps."""

    log: str
    cause: str
    key: str
    fix: str


@pytest.mark.parametrize(
    "told",
    [
        Told(
            f"{LOADED}/nvshmem/src/host/mem/mem_heap.cpp:1509: non-zero status: 2 cuMemCreate failed",
            "no memory left for DeepEP's buffers",
            "layout.decode.memFractionStatic",
            "GB outside the pool",
        ),
        Told(
            f"{CAPTURES}Exception: Capture cuda graph failed: Failed: {DISPATCH}",
            "more than the 128 tokens that fit into DeepEP's low-latency buffers while CUDA graphs were captured",
            "layout.decode.maxDispatchTokensPerRank",
            "layout.decode.maxDispatchTokensPerRank: 256",
        ),
        Told(
            f"{FIRED}RuntimeError: Failed: {DISPATCH}",
            "DeepEP's low-latency buffers.",
            "layout.decode.maxDispatchTokensPerRank",
            ": 256",
        ),
        Told(
            f"{FIRED}DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1, unhandled cuda error\n"
            "ncclUnhandledCudaError: Call to CUDA function failed.\nCuda failure 2 'out of memory'",
            "the GPU ran out of memory under load",
            "layout.decode.memFractionStatic",
            "GB outside the pool",
        ),
        Told(
            "misc/shmutils.cc:88 NCCL WARN Error: failed to extend /dev/shm/nccl-W to 9637892 bytes, error: No space",
            "(80Gi) is full",
            "workers.sharedMemory",
            "workers.sharedMemory: 160Gi",
        ),
        Told(
            "ib_md.c:309 UCX ERROR ibv_reg_mr(length=4096) failed: Cannot allocate memory",
            "memory for the adapters cannot be locked",
            "",
            "On gpu-1: LimitMEMLOCK=infinity",
        ),
        Told(
            NO_ROUTE,
            "UCX cannot reach the adapters of the other role",
            "hardware.interconnect",
            "roce (::ffff:192.0.2.1",
        ),
        Told(
            "nixlBackendError: NIXL_ERR_BACKEND",
            "NIXL cannot transfer the KV cache between decode and prefill",
            "hardware.rdmaResource",
            "wideep logs --role prefill --grep",
        ),
        Told(
            "KVTransferError(bootstrap_room=1): Failed to send kv chunk of 1 to 192.0.2.3:33445",
            "was not transferred from prefill to decode: KVTransferError",
            "",
            "wideep logs --role prefill",
        ),
        Told(
            "RuntimeError: DeepEP error: timeout (dispatch CPU)",
            "a rank timed out waiting for another rank of its worker",
            "",
            "wideep logs --role decode --previous --grep",
        ),
        Told(
            "ValueError: Some GPUs may be occupied by other processes.",
            "another process uses GPUs of its node gpu-1",
            "hardware.nodeSelector",
            "On gpu-1: find the processes on its GPUs with nvidia-smi",
        ),
        Told(
            f"Load weight begin. avail mem=61.20 GB\n{LOADED}torch.OutOfMemoryError: CUDA out of memory.",
            "a GPU had 61.2 GiB free of 139.8 GiB before the weights were loaded",
            "hardware.nodeSelector",
            "find the processes on its GPUs with nvidia-smi",
        ),
        Told(
            "OSError: [Errno 12] Cannot allocate memory",
            "the memory of node gpu-1 is exhausted",
            "hardware.nodeSelector",
            "kubectl describe node gpu-1",
        ),
        Told(
            "NCCL WARN Cuda failure 802 'system not yet initialized'",
            "NVLink of node gpu-1 is not set up",
            "hardware.nodeSelector",
            "nvidia-fabricmanager",
        ),
        Told(
            "CUDA error: uncorrectable ECC error encountered",
            "a GPU of node gpu-1 is broken",
            "hardware.nodes",
            "kubectl cordon gpu-1",
        ),
        Told(
            "DistBackendError: NCCL error in: x.cpp:1, unhandled cuda error",
            "NCCL failed without giving the reason",
            "workers.env",
            "wideep logs --role decode --previous --grep 'nccl|error'",
        ),
        Told(
            "ncclRemoteError: a remote process exiting prematurely", "another rank of its worker", "", "--role decode"
        ),
        Told(
            "nixlRemoteDisconnectError: NIXL_ERR_REMOTE_DISCONNECT",
            "a prefill worker that it was connected to has exited",
            "",
            "wideep logs --role prefill --grep error",
        ),
        Told(
            "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /api",
            "the model cache does not hold",
            "modelCache",
            "delete job",
        ),
        Told(
            "OSError: [Errno 28] No space left on device",
            "a disk of the pod is full",
            "",
            "kubectl describe node gpu-1",
        ),
    ],
    ids=lambda told: told.cause,
)
def test_last_lines_of_an_engine_are_told_by_what_they_mean(told: Told) -> None:
    (found,) = of_decode(with_decode(crashed(), told.log), **WIDE)

    assert told.cause in found.what
    assert found.key == told.key
    assert told.fix in " | ".join(found.fix)


def test_every_symptom_of_a_graphs_pod_has_its_cause() -> None:
    graph = {sign.symptom for sign in SIGNS if set(sign.places) != {Place.DOWNLOAD}}

    assert set(CAUSES) == graph


@pytest.mark.parametrize("line", [lines[0] for lines in ENGINE.values()])
def test_every_symptom_is_told_with_the_next_step_on_every_sort_of_network(line: str) -> None:
    plain = {**WIDE, "layout": "lab-16gpu-singlenode", "hardware": {**NODES, "interconnect": "ethernet"}}
    for stack in (WIDE, ROCE, plain):
        (found,) = of_decode(with_decode(crashed(), line), **stack)
        assert found.fix, stack


def test_a_route_over_roce_is_an_index_of_the_librarys_own() -> None:
    (ucx,) = of_decode(with_decode(crashed(), NO_ROUTE), **ROCE)
    (nvshmem,) = of_decode(with_decode(crashed(), "ibrc.cpp:418: non-zero status: 110 ibv_modify_qp failed"), **ROCE)

    assert ucx.fix[0].startswith("workers.env: {UCX_IB_GID_INDEX: ")
    assert nvshmem.fix[0].startswith("workers.env: {NVSHMEM_IB_GID_INDEX: ")


def test_shared_memory_that_grows_stays_below_the_pods_memory() -> None:
    line = "NCCL WARN Error while creating shared memory segment /dev/shm/nccl-K"
    workers = {"sharedMemory": "80Gi", "resources": {"memory": "120Gi"}}

    (found,) = of_decode(with_decode(crashed(), line), **WIDE, workers=workers)

    assert found.fix[0].startswith("kubectl -n dynamo-workshop delete pod decode-0: the next pod starts with an empty")
    assert found.fix[1] == "workers.sharedMemory: 160Gi, and workers.resources.memory above it (it is 120Gi)"


def test_how_much_of_a_gpu_was_free_is_told_by_what_its_node_has() -> None:
    """A node of another GPU than the stack says is another trouble."""
    small = node("gpu-1", labels={"nvidia.com/gpu.memory": "81559"})
    look = with_decode(
        crashed(), "Load weight begin. avail mem=76.80 GB\nCUDA out of memory", nodes=seen(node("gpu-0"), small, CPU)
    )

    assert not [found for found in of_decode(look, **WIDE) if "something else uses" in found.what]


def waits_for(state: dict[str, Any], log: str) -> Finding:
    """What is said of a decode pod with that line, where etcd and NATS are so."""
    stores = seen(
        *(obj(StatefulSet, f"dynamo-platform-{name}", spec={"replicas": 1}, status=state) for name in ("etcd", "nats"))
    )
    found = of_decode(with_decode(crashed(), log, stateful_sets=stores), **WIDE)
    return next(each for each in found if each.what.startswith("decode-0"))


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("Exception: Unable to create lease. Check etcd server status at http://dynamo-platform-etcd:2379", "etcd"),
        ("Exception: Failed to connect to NATS: IO error: Connection refused (os error 111)", "NATS"),
    ],
)
def test_a_store_that_is_not_reached_is_told_by_whether_it_runs(log: str, name: str) -> None:
    store = f"dynamo-platform-{name.lower()}"
    down, up = waits_for({}, log), waits_for({"readyReplicas": 1}, log)

    assert f"{name} is unreachable" in down.what
    assert down.fix == (f"kubectl -n dynamo-workshop describe pod {store}-0",)
    assert f"({store} itself is ready)" in up.what
    assert f"kubectl -n dynamo-workshop get networkpolicy: a policy may block the pods from {store}." in up.fix


def test_a_store_whose_name_is_not_known_is_a_matter_of_service_and_dns() -> None:
    log = "async_nats: connection error: Name or service not known nats://dynamo-platform-nats:4222"

    found = waits_for({"readyReplicas": 1}, log)

    assert found.fix == (
        "kubectl -n dynamo-workshop get service dynamo-platform-nats: if it exists, the cluster's DNS is the problem.",
    )


def test_a_store_that_is_not_there_is_the_platforms_matter() -> None:
    look = with_decode(crashed(), "Failed to connect to NATS: x", stateful_sets=seen())

    assert any("No StatefulSet *-nats found" in str(found.fix) for found in failures(look))


def test_a_frontend_is_never_told_of_gpu_memory() -> None:
    state = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(60)}}
    frontend = pod(
        "decode-0", "frontend", "cpu-0", 0, ready=False, status={"containerStatuses": [container(state=state)]}
    )

    (found,) = [
        one for one in of_decode(with_decode(frontend, "CUDA out of memory")) if one.what.startswith("decode-0")
    ]

    assert found.check == "crash"


def test_a_ready_worker_whose_transfers_fail_is_told() -> None:
    late = "KVTransferError(bootstrap_room=7): Request 7 timed out after 300.0s in KVPoll.WaitingForInput"
    serving = pod("decode-0", "decode", "gpu-1")

    (found,) = of_decode(with_decode(serving, f"{FIRED}{late}"), **WIDE)
    passed = of_decode(with_decode(serving, f"{late}\n" + "Decode batch.\n" * 100), **WIDE)

    assert found.check == "kv-transfer"
    assert not passed


def test_more_prefill_workers_are_offered_only_where_they_have_gpus() -> None:
    late = "Request 7 timed out after 300.0s in KVPoll.WaitingForInput"
    roomy = {**WIDE, "hardware": {**WIDE["hardware"], "nodes": 3}}

    (tight,) = of_decode(with_decode(crashed(), late), **WIDE)
    offered = [one for one in of_decode(with_decode(crashed(), late), **roomy) if one.check == "kv-transfer"]

    assert not [fix for fix in tight.fix if "replicas" in fix]
    assert [fix for fix in offered[0].fix if fix.startswith("layout.prefill.replicas: 2")]


def ended(code: int, log: str) -> Finding:
    """What is said of a decode pod that has ended so."""
    state = {"terminated": {"exitCode": code, "reason": "Error", "finishedAt": ago(60)}}
    broken: Pod = pod(
        "decode-0", "decode", "gpu-1", ready=False, status={"containerStatuses": [container(state=state)]}
    )
    (found,) = of_decode(with_decode(broken, log))
    return found


def test_where_nothing_fits_the_last_lines_stand_and_no_guess() -> None:
    found = ended(1, "first\nValueError: a new one\nsecond\nthird\n")

    assert (
        "exit code 1, after: ValueError: a new one (its last lines: ValueError: a new one / second / third)"
        in found.what
    )
    assert found.fix == ("wideep logs --role decode shows the full log; it matches no known cause.",)
    assert found.key == ""
    assert found.verdict is Verdict.FAILED


def test_a_signal_that_ended_it_is_named() -> None:
    assert "exit code 139 (SIGSEGV), and left no log" in ended(139, "").what
    assert "exit code 255, after" in ended(255, "x").what
