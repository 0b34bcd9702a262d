"""Which symptom a log shows: real last lines of engines, frontends and downloads, alone and among each other."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tests.support import process
from wideep import download
from wideep.signs import Depth, Place
from wideep.symptoms import SIGNS, Symptom, find_symptom, last_lines, last_words, place_of

S = Symptom
ENGINE = {
    S.POOL: ["RuntimeError: Not enough memory. Please try to increase --mem-fraction-static."],
    S.MEMORY: [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB. GPU 3 has a total capacity of 184 G",
        "Exception: Capture cuda graph failed: CUDA out of memory. Tried to allocate 448.00 MiB. GPU 0 has a total",
        "ng30903:3063028:3066152 [3] include/alloc.h:178 NCCL WARN Cuda failure 'out of memory'",
        "[3] include/alloc.h:185 NCCL WARN Failed to CUDA calloc 6291456 bytes",
        "Cuda failure 2 'out of memory'",
        "[TensorRT-LLM][ERROR] CUDA runtime error in ::cudaMallocAsync(ptr, n, pool, stream): out of memory",
        "RuntimeError: Executor creation failed: failed to allocate enough memory for KV cache",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
    S.HEAP: [
        "/nvshmem/src/host/mem/mem_heap.cpp:1509: non-zero status: 2 cuMemCreate failed",
        "/nvshmem/src/host/mem/mem_heap.cpp:1590: non-zero status: 7 allocate_physical_memory_to_heap failed",
    ],
    S.DISPATCH: [
        "RuntimeError: Failed: Assertion error /sgl-workspace/DeepEP/csrc/deep_ep.cpp:1025 'x.size(0) == "
        "topk_idx.size(0) and x.size(0) <= num_max_dispatch_tokens_per_rank'",
        "Exception: Capture cuda graph failed: Failed: Assertion error deep_ep.cpp:1233 'x.size(0) == "
        "topk_idx.size(0) and x.size(0) <= num_max_dispatch_tokens_per_rank'",
    ],
    S.OCCUPIED: [
        "ValueError: The memory capacity is unbalanced. Some GPUs may be occupied by other processes.",
        "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable",
    ],
    S.LIBRARY: [
        "ModuleNotFoundError: No module named 'deep_ep'",
        "ImportError: DeepEP is not installed. Please install DeepEP package from https://github.com/deepseek-ai/deepep.",
    ],
    S.HOST_MEMORY: [
        "OSError: [Errno 12] Cannot allocate memory",
        "RuntimeError: [enforce fail at alloc_cpu.cpp:114] err == 0. DefaultCPUAllocator: can't allocate memory: you",
    ],
    S.SHARED_MEMORY: [
        "[0] misc/shmutils.cc:88 NCCL WARN Error: failed to extend /dev/shm/nccl-WU88OE to 9637892 bytes, error: No "
        "space left on device (28)",
        "OSError: [Errno 28] No space left on device: '/dev/shm/psm_5a1b2c3d'",
        "[3] include/shm.h:28 NCCL WARN Call to posix_fallocate failed : No space left on device",
        "shmutils.cc:112 NCCL WARN Error while creating shared memory segment /dev/shm/nccl-KWfVyt (size 5967872)",
        "RuntimeError: unable to allocate shared memory(shm) for file </torch_91_0>: No space left on device (28)",
        "It is possible that dataloader's workers are out of shared memory. Please try to raise your shared memory "
        "limit.",
    ],
    S.LOCKED_MEMORY: [
        "misc/ibvwrap.cc:278 NCCL WARN Call to ibv_reg_mr_iova2 failed with error Cannot allocate memory",
        "ib_md.c:309 UCX ERROR ibv_reg_mr(address=0x7f, length=4096) failed: Cannot allocate memory. Please "
        "set max locked memory (ulimit -l) to 'unlimited' (current: 64 kbytes)",
        "ibv_create_cq(cqe=4096) failed: Cannot allocate memory",
    ],
    S.ARGUMENTS: [
        "launch_server.py: error: unrecognized arguments: --no-such-flag",
        "error: ambiguous option: --cuda-graph-bs could match --cuda-graph-bs-decode, --cuda-graph-bs-prefill",
        "ValueError: User-specified context_length (200000) is greater than the derived context_length (163840).",
        "Value error, User-specified max_model_len (65536) is greater than the derived max_model_len (max_position_emb",
    ],
    S.DRIVER: [
        "RuntimeError: The NVIDIA driver on your system is too old (found version 12020). Please update your driver",
        "CUDA error: the provided PTX was compiled with an unsupported toolchain.",
        "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        "Error 803: system has unsupported display driver / cuda driver combination",
    ],
    S.FABRIC: [
        "[1] init.cc:1806 NCCL WARN Cuda failure 802 'system not yet initialized'",
        "cudaErrorSystemNotReady: the fabric manager may not be running",
    ],
    S.BROKEN_GPU: [
        "RuntimeError: CUDA error: uncorrectable ECC error encountered",
        "NVRM: Xid (PCI:0000:9a:00): 79, pid=1234, GPU has fallen off the bus.",
        "NVRM: Xid (PCI:0000:18:00): 48, pid='<unknown>', DBE (double bit error) detected",
        "Unable to determine the device handle for GPU0000:9A:00.0: Unknown Error",
    ],
    S.ROUTE: [
        "/sgl-workspace/nvshmem/src/modules/transport/ibrc/ibrc.cpp:418: non-zero status: 110 ibv_modify_qp failed",
        "/sgl-workspace/nvshmem/src/host/transport/transport.cpp:400: non-zero status: 7 connect EPS failed",
        "UCX ERROR ibv_create_ah(dgid=::ffff:192.0.2.1 sgid_index=3) for UD mlx5 connect on mlx5_3 failed: Connection "
        "timed out",
        "[3] NCCL WARN NET/IB: Got completion from peer 192.0.2.7<4321> with status=12 opcode=0 len=0 vendor err 129",
        "NCCL WARN NET/IB: Got completion from peer 192.0.2.7<4321> with status=IBV_WC_RETRY_EXC_ERR(12)",
        "ib_mlx5_log.c:171 UCX ERROR Transport retry count exceeded on mlx5_0:1/RoCE (synd 0x15 vend 0x81)",
        "misc/ibvwrap.cc:187 NCCL WARN Call to ibv_modify_qp failed with error Connection timed out",
    ],
    S.NVSHMEM: [
        "transport.cpp:nvshmemi_transport_init:275: init failed for transport: IBGDA",
        "ibgda.cpp 3450 Unable to access GPU memory using dmabuf nor nvidia peermem. Failed",
        "src/host/topo/topo.cpp:476: [GPU 3] Peer GPU 11 is not accessible, exiting ...",
        "NVSHMEM API called before NVSHMEM initialization has completed",
    ],
    S.NIXL: [
        "nixl._bindings.nixlBackendError: NIXL_ERR_BACKEND",
        "E1105 nixl_agent.cpp:258] createBackend: unsupported NIXL plugin 'UCX'",
        "[1681107537.43] [host:146204:0] mpool.c:227 UCX  ERROR Failed to allocate memory pool (name=rc_recv_desc)",
    ],
    S.NETWORK: [
        "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system error",
        "ncclSystemError: System call (e.g. socket, malloc) or external library call failed.",
        "NCCL WARN NET/IB : No device found.",
        "NCCL WARN Bootstrap : no socket interface found",
        "[enforce fail at gloo/transport/tcp/device.cc:84] ifa != nullptr. Unable to find address for: eth1",
        "torch.distributed.DistNetworkError: The client socket has timed out after 600000ms while trying to connect",
    ],
    S.NCCL: ["torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:2063, unhandled cuda error"],
    S.KV_TRANSFER: [
        "KVTransferError(bootstrap_room=8360203925601259718): Request 8360203925601259718 timed out after 600.0s in "
        "KVPoll.WaitingForInput",
        "KVTransferError(bootstrap_room=1): Failed to send kv chunk of 1 to 192.0.2.3:33445",
        "Some requests fail to receive KV Cache transfer done signal after bootstrapping. If a greater mean TTFT is "
        "acceptable, you can 'export SGLANG_DISAGGREGATION_WAITING_TIMEOUT=600'",
    ],
    S.LATE: [
        "RuntimeError: DeepEP error: timeout (dispatch CPU)",
        "DeepEP dispatch NVL receiver timeout, channel: 0, RDMA: 0, nvl: 2, src RDMA: 1, src nvl: 6, start: 0, end: 0",
        "[E ProcessGroupNCCL.cpp:632] [Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=9)",
    ],
    S.PEER: [
        "nixl._bindings.nixlRemoteDisconnectError: NIXL_ERR_REMOTE_DISCONNECT",
        "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.",
    ],
    S.ETCD: [
        "Exception: Unable to create lease. Check etcd server status at http://dynamo-platform-etcd:2379",
        "Error: Failed to connect to etcd server with config ClientOptions",
        "Error: grpc request error: status: Unavailable, message: error trying to connect: tcp connect error",
    ],
    S.NATS: [
        "async_nats: connection error: Name or service not known nats://dynamo-platform-nats:4222",
        "Exception: Failed to connect to NATS: IO error: Connection refused (os error 111)",
    ],
    S.WEIGHTS: [
        "OSError: /model-cache/r1 does not appear to have a file named config.json",
        "FileNotFoundError: [Errno 2] No such file or directory: '/model-cache/r1/model-00001-of-000163.safetensors'",
        "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /deepseek-ai/DeepSeek-R1",
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder",
        "HTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api/models/x",
    ],
    S.DISK: ["OSError: [Errno 28] No space left on device: '/home/dynamo/.cache/deep_gemm'"],
}
DOWNLOAD = {
    S.TOKEN: [
        "HfHubHTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api/models/x",
        "huggingface_hub.errors.HfHubHTTPError: Client error '401 Unauthorized' for url 'https://huggingface.co/api/mo",
        "Error: Client error '401 Unauthorized' for url 'https://huggingface.co/api/models/x' (Request ID: Root=1)",
        "Error: Not logged in. Run 'hf auth login' first.",
    ],
    S.GATED: [
        "403 Client Error: Forbidden. Cannot access gated repo",
        "GatedRepoError: Access to model x is restricted",
        "HfHubHTTPError: Client error '403 Forbidden' for url 'https://huggingface.co/x/resolve/main/1'",
        "403 Forbidden: the fine-grained token may not read this repository.",
        "Error: Access denied. Model 'deepseek-ai/DeepSeek-R1' requires approval.",
        "Error: Access denied. This repository requires approval.",
    ],
    S.NOT_THERE: [
        "huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. (Request ID: Root=1)",
        "HfHubHTTPError: Client error '404 Not Found' for url 'https://huggingface.co/api/models/x/revision/y'",
        "Error: Model 'deepseek-ai/DeepSeek-R9' not found.",
        "Error: Repository not found.",
        "Error: Revision not found in model 'deepseek-ai/DeepSeek-R1'.",
        "Error: File not found in model 'deepseek-ai/DeepSeek-R1'.",
    ],
    S.BUSY: [
        "HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/x/resolve/main/1",
        "We had to rate limit your IP (192.0.2.1). To continue using our service, create a HF account or login",
        "request error: HTTP status client error (429 Too Many Requests) for url (https://huggingface.co/x)",
    ],
    S.DISK: ["OSError: [Errno 28] No space left on device"],
    S.PACKAGE: ["ERROR: No matching distribution found for huggingface_hub==2.4.0"],
    S.CHECKSUM: ["a file is not as it is on Hugging Face; the next try fetches it again"],
    S.HUB: [
        "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded (Name or service not known)",
        "HfHubHTTPError: Server error '503 Service Unavailable' for url 'https://huggingface.co/api/models/x'",
        "ReadTimeoutError(HTTPSConnectionPool(host='cas-bridge.xethub.hf.co', port=443): Read timed out.",
        "httpx.ConnectTimeout: _ssl.c:983: The handshake operation timed out",
        "httpx.ConnectError: [Errno 101] Network is unreachable",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
        "HfHubHTTPError: 503 Server Error: Service Unavailable for url: https://huggingface.co/api/models/x",
    ],
}
BY_PLACE = {
    Place.ENGINE: ENGINE,
    Place.FRONTEND: {S.ETCD: ENGINE[S.ETCD], S.NATS: ENGINE[S.NATS]},
    Place.DOWNLOAD: DOWNLOAD,
}
SAMPLES = [
    (place, symptom, line) for place, table in BY_PLACE.items() for symptom, lines in table.items() for line in lines
]
HEALTHY = """\
[2026-01-01 10:00:00] server_args=ServerArgs(model_path='/model-cache/r1', watchdog_timeout=300)
[2026-01-01 10:00:01 DP0 TP0 EP0] Init torch distributed begin.
gpu-0:100:200 [0] NCCL INFO cudaDriverVersion 12080
gpu-0:100:200 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [RO]; OOB eth0:10.0.0.7<0>
[2026-01-01 10:00:09 DP0 TP0 EP0] Init torch distributed ends. mem usage=2.31 GB
[2026-01-01 10:00:09 DP0 TP0 EP0] Load weight begin. avail mem=137.29 GB
[2026-01-01 10:09:00 DP0 TP0 EP0] Load weight end. type=DeepseekV3ForCausalLM, avail mem=30.01 GB, mem usage=107.28 GB.
[2026-01-01 10:09:01 DP0 TP0 EP0] Memory pool end. avail mem=24.11 GB
[2026-01-01 10:09:02 DP0 TP0 EP0] Capture cuda graph begin. This can take up to several minutes. avail mem=23.90 GB
[2026-01-01 10:10:02 DP0 TP0 EP0] Capture cuda graph end. Time elapsed: 60.10 s. mem usage=2.20 GB.
Backend UCX was instantiated
Initialized NIXL agent: 174a7823
INFO async_nats: event: connected
[2026-01-01 10:10:09] The server is fired up and ready to roll!
"""


def depth(symptom: Symptom, line: str, place: Place) -> Depth:
    """How much the line says, by the sign that finds it."""
    return min(s.depth for s in SIGNS if s.symptom is symptom and place in s.places and s.pattern.search(line))


@pytest.mark.parametrize(("place", "symptom", "line"), SAMPLES)
def test_a_real_line_shows_its_symptom_whatever_the_order_of_the_signs(
    place: Place, symptom: Symptom, line: str
) -> None:
    log = HEALTHY + line

    found, other = (find_symptom(log, place, signs) for signs in (SIGNS, tuple(reversed(SIGNS))))

    assert found is not None
    assert found.symptom is symptom
    assert found == other
    assert found.line == line


def test_no_symptom_is_without_a_line_and_no_sign_without_its_symptom() -> None:
    shown = {(place, symptom) for place, symptom, _ in SAMPLES}

    assert shown == {(place, sign.symptom) for sign in SIGNS for place in sign.places}


@pytest.mark.parametrize("place", Place)
def test_what_names_the_cause_wins_over_what_follows_from_it(place: Place) -> None:
    """In whichever order they stand: no symptom is hidden by one that says less."""
    samples = [(symptom, lines[0]) for symptom, lines in BY_PLACE[place].items()]
    for (one, line), (other, its) in combinations(samples, 2):
        first, second = depth(one, line, place), depth(other, its, place)
        for log in (f"{line}\n{its}", f"{its}\n{line}"):
            found = find_symptom(log, place)
            assert found is not None
            if first != second:
                assert found.symptom is (one if first < second else other), log


def test_of_equals_an_engines_first_counts_and_a_downloads_last() -> None:
    late, peer = ENGINE[S.LATE][0], ENGINE[S.PEER][1]
    busy, full = DOWNLOAD[S.BUSY][0], DOWNLOAD[S.DISK][0]

    engine = find_symptom(f"{late}\n{peer}", Place.ENGINE)
    fetched = find_symptom(f"{busy}\ntrying again in 10 s\n{full}", Place.DOWNLOAD)

    assert engine is not None
    assert engine.symptom is S.LATE
    assert fetched is not None
    assert fetched.symptom is S.DISK


@pytest.mark.parametrize("symptom", DOWNLOAD)
def test_the_job_tries_again_but_after_what_the_next_try_would_meet_again(symptom: Symptom, tmp_path: Path) -> None:
    lasting = symptom in (S.TOKEN, S.GATED, S.NOT_THERE, S.DISK)
    log = tmp_path / "errors"
    for line in DOWNLOAD[symptom]:
        log.write_text(line + "\n", encoding="utf-8")
        found = process.run("grep", "-Ec", download.LASTING, str(log), fails=not lasting).out.strip()
        assert found == str(int(lasting)), line


@pytest.mark.parametrize("place", [Place.ENGINE, Place.FRONTEND])
@pytest.mark.parametrize("line", [line for lines in DOWNLOAD.values() for line in lines])
def test_neither_engine_nor_frontend_downloads(place: Place, line: str) -> None:
    found = find_symptom(line, place)

    assert found is None or found.symptom in (S.WEIGHTS, S.DISK)


@pytest.mark.parametrize(
    "line", [line for symptom, lines in ENGINE.items() if symptom not in DOWNLOAD for line in lines]
)
def test_a_download_has_no_gpu_and_no_ranks(line: str) -> None:
    found = find_symptom(line, Place.DOWNLOAD)

    assert found is None or found.symptom in DOWNLOAD


@pytest.mark.parametrize("place", Place)
def test_a_log_of_an_engine_that_works_shows_nothing(place: Place) -> None:
    assert find_symptom(HEALTHY, place) is None


def test_a_graph_capture_that_fails_for_another_reason_is_not_taken_for_memory() -> None:
    log = "Exception: Capture cuda graph failed: x is not defined\nPossible solutions:\n1. --mem-fraction-static"

    assert find_symptom(log, Place.ENGINE) is None
    assert last_words(log).startswith("Exception: Capture cuda graph failed")


def test_the_last_lines_are_those_that_say_something() -> None:
    assert last_lines("a\n\nb\n  \nc with hf_abcdefgh\n", 2) == ["b", "c with [secret]"]


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("prefill", Place.ENGINE),
        ("decode", Place.ENGINE),
        ("frontend", Place.FRONTEND),
        ("planner", Place.FRONTEND),
        ("", Place.FRONTEND),
    ],
)
def test_only_workers_are_engines(role: str, place: Place) -> None:
    assert place_of(role) is place
