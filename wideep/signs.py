"""Log lines that indicate a symptom, with how much each says about the cause and in which logs it counts.

The texts are those of PyTorch, NCCL, DeepEP, NVSHMEM, UCX, NIXL, Dynamo 0.6.0, argparse and Hugging Face's downloader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

__all__ = ["GENERAL_SIGNS", "Depth", "Place", "Sign", "Symptom", "signs"]


class Symptom(StrEnum):
    """What has gone wrong, as a log shows it."""

    POOL = "no room for a KV cache"
    MEMORY = "out of GPU memory"
    HEAP = "no GPU memory for DeepEP's buffers"
    DISPATCH = "a batch beyond DeepEP's dispatch limit"
    OCCUPIED = "a GPU that something else uses"
    HOST_MEMORY = "out of the node's memory"
    SHARED_MEMORY = "shared memory is full"
    LOCKED_MEMORY = "memory cannot be locked"
    ARGUMENTS = "an argument that is not known"
    LIBRARY = "a library is not in the image"
    DRIVER = "the driver does not fit"
    FABRIC = "NVLink's fabric is not set up"
    BROKEN_GPU = "a GPU is broken"
    ROUTE = "an adapter does not reach another"
    NVSHMEM = "NVSHMEM does not start"
    NIXL = "NIXL fails"
    NETWORK = "NCCL does not connect"
    NCCL = "NCCL fails"
    KV_TRANSFER = "the KV cache does not arrive"
    LATE = "a rank waits in vain for another"
    PEER = "a process at the other end has gone"
    ETCD = "etcd is not reached"
    NATS = "NATS is not reached"
    WEIGHTS = "the weights are not there"
    TOKEN = "the token is refused"  # noqa: S105 - a symptom
    GATED = "the model is gated"
    NOT_THERE = "no such model"
    BUSY = "too many requests"
    DISK = "a disk is full"
    PACKAGE = "PyPI is not reached"
    CHECKSUM = "a file is damaged"
    HUB = "Hugging Face is not reached"


class Depth(IntEnum):
    """How much a line says about the cause; the most informative comes first."""

    NAMED = 0
    """The line names what is missing, too small or wrong."""
    FAILED = 1
    """The line names what failed, but not why."""
    FOLLOWS = 2
    """The line is the consequence of a failure elsewhere: a closed connection, or a wait that timed out."""
    GENERAL = 3
    """The line says only that something failed."""


class Place(StrEnum):
    """The kind of container whose log has the line. An engine downloads nothing, and a download does not run NCCL."""

    ENGINE = "engine"
    FRONTEND = "frontend"
    DOWNLOAD = "download"


@dataclass(frozen=True)
class Sign:
    """A pattern of a log line, and the symptom that it indicates."""

    symptom: Symptom
    depth: Depth
    places: tuple[Place, ...]
    pattern: re.Pattern[str]


def signs(depth: Depth, *places: Place, **patterns: tuple[str, ...]) -> tuple[Sign, ...]:
    """Return signs of one depth in the logs of these places: patterns by the symptom's name in lower case."""
    return tuple(
        Sign(Symptom[name.upper()], depth, places, re.compile("|".join(texts), re.IGNORECASE))
        for name, texts in patterns.items()
    )


_NAMED: Final = signs(
    Depth.NAMED,
    Place.ENGINE,
    heap=(
        r"mem_heap\.cpp[^\n]*(cuMem|cudaMalloc|alloc)",
        r"allocate_physical_memory_to_heap failed",
        r"nvshmem[^\n]*(malloc|heap)[^\n]*(failed|out of memory)",
    ),
    host_memory=(r"\[Errno 12\] Cannot allocate memory", r"DefaultCPUAllocator: [^\n]*allocate", r"std::bad_alloc"),
    shared_memory=(
        r"/dev/shm[^\n]*No space left|No space left[^\n]*/dev/shm",  # noqa: S108 - a path inside the container
        r"failed to extend /dev/shm",
        r"Error while creating shared memory segment",
        r"posix_fallocate failed *: *No space left",
        r"unable to (allocate|mmap|write|open) shared memory",
        r"insufficient shared memory \(shm\)",
        r"raise your shared memory limit",
    ),
    locked_memory=(
        r"ibv_\w*(reg_\w*mr|create_cq)[^\n]*Cannot allocate memory",
        r"max locked memory",
        r"RLIMIT_MEMLOCK",
    ),
    arguments=(
        r"error: (?P<said>(unrecognized arguments?|argument -\S+|the following arguments are required|ambiguous option)"
        r": [^\n]*)",
        r"User-specified (context_length|max_model_len) ",
    ),
    driver=(
        r"CUDA driver version is insufficient",
        r"no kernel image is available",
        r"Found no NVIDIA driver",
        r"NVIDIA driver on your system is too old",
        r"PTX was compiled with an unsupported toolchain",
        r"libcuda\.so\.1: cannot open shared object file",
        r"forward compatibility was attempted",
        r"unsupported display driver / cuda driver combination",
    ),
    occupied=(r"CUDA-capable device\(s\) is/are busy or unavailable",),
    library=(r"No module named '(deep_ep|deep_gemm|nixl)\b", r"DeepEP is not installed"),
    fabric=(r"Cuda failure 802", r"system not yet initialized", r"cudaErrorSystemNotReady"),
    broken_gpu=(
        r"uncorrectable (ECC|NVLink) error",
        r"GPU is lost",
        r"fallen off the bus",
        r"double bit error",
        r"Unable to determine the device handle for GPU",
    ),
    route=(
        r"ibv_modify_qp[^\n]*failed",
        r"ibv_create_ah[^\n]*failed",
        r"Unable to create ah",
        r"transport retry (count|counter) exceeded",
        r"Got completion[^\n]*(status=(\w+\()?12|error 12)\b",
        r"connect EPS failed",
    ),
    weights=(
        r"does not appear to have a file named",
        r"SafetensorError",
        r"HeaderTooLarge",
        r"Incorrect path_or_model_id",
        r"Cannot find any model weights",
        r"No such file or directory: '[^'\n]*(\.safetensors|/config\.json)'",
        r"is not a local folder and is not a valid model identifier",
        r"LocalEntryNotFoundError",
        r"huggingface\.co[^\n]*(Max retries exceeded|cannot find the requested files|to load the files)",
        r"\b4\d\d Client Error[^\n]*huggingface\.co",
    ),
)
_FAILED: Final = signs(
    Depth.FAILED,
    Place.ENGINE,
    memory=(
        r"torch\.(cuda\.)?OutOfMemoryError",
        r"CUDA (driver )?(error: )?out of memory",
        r"Cuda failure (\d+ )?'out of memory'",
        r"Failed to CUDA \w*alloc",
        r"cudaMalloc\w*\([^\n]*out of memory",
        r"failed to allocate enough memory for KV cache",
        r"CUDA_ERROR_OUT_OF_MEMORY",
        r"CUBLAS_STATUS_ALLOC_FAILED",
    ),
    nvshmem=(
        r"nvshmem[^\n]*(failed|error)",
        r"init failed for (remote )?transport",
        r"ibgda[^\n]*(NULL value|Unable to access GPU memory)",
        r"Peer GPU \d+ is not accessible",
        r"before NVSHMEM initialization has completed",
    ),
    nixl=(
        r"unsupported NIXL plugin",
        r"UCX +ERROR",
        r"NIXL_ERR_(?!REMOTE_DISCONNECT)\w+",
        r"nixl(?!RemoteDisconnect)\w*Error",
    ),
    disk=(r"No space left on device", r"Disk quota exceeded"),
)
_FOLLOWS: Final = signs(
    Depth.FOLLOWS,
    Place.ENGINE,
    network=(
        r"nccl(System|Internal)Error",
        r"NCCL error[^\n]*unhandled system error",
        r"NCCL WARN [^\n]*(NET/|socket|connect|timed out)",
        r"Dist(Network|Store)Error",
        r"client socket has timed out",
        r"no socket interface found",
        r"Unable to find address for: \w+",
        r"No route to host",
    ),
    late=(r"DeepEP [^\n]*timeout", r"Watchdog caught collective operation timeout"),
    peer=(
        r"ncclRemoteError",
        r"remote process exited",
        r"NIXL_ERR_REMOTE_DISCONNECT",
        r"nixlRemoteDisconnectError",
        r"Connection (closed|reset) by (remote )?peer",
    ),
)
_RUNTIME: Final = signs(
    Depth.FOLLOWS,
    Place.ENGINE,
    Place.FRONTEND,
    etcd=(
        r"Unable to (create lease|connect to etcd)",
        r"Failed to connect to etcd",
        r"etcd[^\n]*(refused|unavailable|not known|name resolution|failed to lookup|timed? ?out|transport error)",
        r"grpc request error: status: [^\n]*(Unavailable|dns error|transport error)",
    ),
    nats=(
        r"Failed to connect to NATS",
        r"async_nats[^\n]*error",
        r"nats(://|: )[^\n]*(refused|not known|name resolution|failed to lookup|timed? ?out|no servers)",
        r"(refused|not known|name resolution|failed to lookup|timed? ?out)[^\n]*nats://",
    ),
)
_GENERAL: Final = signs(
    Depth.GENERAL, Place.ENGINE, nccl=(r"NCCL error", r"nccl\w+Error", r"unhandled (cuda|system) error")
)
_DOWNLOAD: Final = (
    *signs(
        Depth.NAMED,
        Place.DOWNLOAD,
        token=(r"401 Client Error", r"Client error '401", r"Invalid (user|credentials|token)", r"Not logged in"),
        gated=(r"403 Client Error", r"Client error '403", r"403 Forbidden: ", r"requires approval"),
        not_there=(
            r"404 Client Error",
            r"Client error '404",
            r"RevisionNotFoundError",
            r"(Model|Repository)( '[^']*')? not found",
            r"Revision not found in|File not found in (model|repository)",
        ),
        busy=(
            r"429 Client Error",
            r"429 Too Many Requests",
            r"Too Many Requests for url",
            r"had to rate limit your IP",
        ),
        disk=(r"No space left on device", r"Disk quota exceeded"),
        package=(r"No matching distribution found", r"Could not find a version that satisfies"),
        checksum=(r"is not as it is on Hugging Face",),
    ),
    *signs(
        Depth.FAILED,
        Place.DOWNLOAD,
        gated=(r"GatedRepoError", r"Cannot access gated repo", r"Access to model \S+ is restricted"),
        not_there=(r"RepositoryNotFoundError",),
        hub=(
            r"Name or service not known",
            r"Temporary failure in name resolution",
            r"Max retries exceeded",
            r"ProxyError",
            r"LocalEntryNotFoundError",
            r"\b5\d\d Server Error|Server error '5\d\d",
            r"Network is unreachable|Connection refused|No route to host",
            r"(Connect|Read)(Timeout|Error)\b|ConnectionError|Read timed out",
            r"CERTIFICATE_VERIFY_FAILED",
        ),
    ),
)
GENERAL_SIGNS: Final = (*_NAMED, *_FAILED, *_FOLLOWS, *_RUNTIME, *_GENERAL, *_DOWNLOAD)
"""Signs in no particular order, since ``Depth`` decides. Each engine adds its own (``wideep.engines``)."""
