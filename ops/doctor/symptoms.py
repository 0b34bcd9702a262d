"""What the last lines of a log say of why a container does not work: patterns, and what follows from each.

The texts are those of SGLang 0.5.3.post2, PyTorch, NCCL, NVSHMEM, argparse and Hugging Face's downloader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ops.cluster.objects import Pod
from ops.doctor import download_causes as download
from ops.doctor import engine_causes as engine
from ops.doctor.case import Case
from ops.doctor.trouble import Trouble

__all__ = ["read_symptom"]

Cause = Callable[[Case, Pod, "re.Match[str]", str], Trouble]


def read_symptom(case: Case, pod: Pod, log: str) -> Trouble | None:
    """The first symptom, in the order of the table, that the log shows; None where it shows none."""
    for pattern, cause in SYMPTOMS:
        found = pattern.search(log)
        if found:
            return cause(case, pod, found, log)
    return None


def _any(*texts: str) -> re.Pattern[str]:
    return re.compile("|".join(texts), re.IGNORECASE)


def _line_with(*texts: str) -> re.Pattern[str]:
    """The whole line, so that it can be quoted."""
    return re.compile(rf"[^\n]*({'|'.join(texts)})[^\n]*", re.IGNORECASE)


SYMPTOMS: Final[tuple[tuple[re.Pattern[str], Cause], ...]] = (
    (_any(r"Not enough memory\. Please try to increase --mem-fraction-static"), engine.pool_short),
    (
        _any(r"Capture cuda graph failed", r"torch\.(cuda\.)?OutOfMemoryError", "CUDA (error: )?out of memory"),
        engine.cuda_memory,
    ),
    (
        re.compile(
            r"error: (?P<said>(unrecognized arguments?|argument -\S+|the following arguments are required): .*)"
        ),
        engine.arguments,
    ),
    (
        _line_with(
            "nvshmem.*(failed|error)",
            "init failed for (remote )?transport",
            "ibv_modify_qp failed",
            "ibgda.*NULL value",
        ),
        engine.nvshmem,
    ),
    (
        _line_with(
            "NCCL (error|WARN)",
            "nccl(System|Remote|Internal)Error",
            "Dist(Network|Store)Error",
            "client socket has timed out",
            "No route to host",
        ),
        engine.network,
    ),
    (
        _line_with(
            "CUDA driver version is insufficient",
            "no kernel image is available",
            "Found no NVIDIA driver",
            "forward compatibility was attempted",
        ),
        engine.driver,
    ),
    (_any("401 Client Error", "Invalid (user|credentials|token)"), download.token),
    (
        _any("403 Client Error", "GatedRepoError", "Cannot access gated repo", r"Access to model \S+ is restricted"),
        download.gated,
    ),
    (_any("RepositoryNotFoundError", "RevisionNotFoundError", "404 Client Error"), download.not_there),
    (_any("No space left on device", "Disk quota exceeded"), download.disk),
    (_any("No matching distribution found", "Could not find a version that satisfies"), download.package),
    (_any("is not as it is on Hugging Face"), download.checksum),
    (
        _line_with(
            "Name or service not known",
            "Temporary failure in name resolution",
            "Max retries exceeded",
            "ProxyError",
            "LocalEntryNotFoundError",
        ),
        download.hub_silent,
    ),
    (
        _line_with(
            "does not appear to have a file named",
            "SafetensorError",
            "HeaderTooLarge",
            "Incorrect path_or_model_id",
            "Cannot find any model weights",
        ),
        engine.weights,
    ),
)
"""The most telling first: an engine that runs out of memory on one node also loses its NCCL connections."""
