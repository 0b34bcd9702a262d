"""What a log says of why a container does not work: its symptoms, its last words, and nothing that is a secret.

The texts are those of SGLang 0.5.3.post2, PyTorch, NCCL, NVSHMEM, argparse and Hugging Face's downloader.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from wideep.masking import masked

__all__ = ["LASTING", "Symptom", "find_symptom", "last_words"]


class Symptom(StrEnum):
    """What a log shows, by what has gone wrong."""

    POOL = "no room for a KV cache"
    MEMORY = "out of GPU memory"
    ARGUMENTS = "an argument that is not known"
    NVSHMEM = "NVSHMEM does not connect"
    NETWORK = "NCCL does not connect"
    DRIVER = "the driver does not fit"
    TOKEN = "the token is refused"  # noqa: S105 - a symptom
    GATED = "the model is gated"
    NOT_THERE = "no such model"
    DISK = "a disk is full"
    PACKAGE = "PyPI is not reached"
    CHECKSUM = "a file is damaged"
    HUB = "Hugging Face is not reached"
    WEIGHTS = "the weights are not there"


LASTING: Final = frozenset({Symptom.POOL, Symptom.MEMORY, Symptom.ARGUMENTS, Symptom.DRIVER})
"""What the same container meets again however often it is started."""


def find_symptom(log: str) -> tuple[Symptom, re.Match[str]] | None:
    """The most telling symptom that a log shows, and where; None where it shows none."""
    found = ((symptom, pattern.search(log)) for symptom, pattern in PATTERNS)
    return next(((symptom, match) for symptom, match in found if match), None)


def last_words(log: str) -> str:
    """The last line that speaks of an error; without one, the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines[-TAIL:] if ERRORS.search(line)]
    return masked((telling or lines or [""])[-1])


def _any(*texts: str) -> re.Pattern[str]:
    return re.compile("|".join(texts), re.IGNORECASE)


def _line_with(*texts: str) -> re.Pattern[str]:
    """The whole line, so that it can be quoted."""
    return re.compile(rf"[^\n]*({'|'.join(texts)})[^\n]*", re.IGNORECASE)


TAIL: Final = 40
"""Lines in which an error is looked for."""
ERRORS: Final = re.compile(r"error|exception|fail|fatal|refused|denied", re.IGNORECASE)

PATTERNS: Final = (
    (Symptom.POOL, _any(r"Not enough memory\. Please try to increase --mem-fraction-static")),
    (
        Symptom.MEMORY,
        _any(r"Capture cuda graph failed", r"torch\.(cuda\.)?OutOfMemoryError", "CUDA (error: )?out of memory"),
    ),
    (
        Symptom.ARGUMENTS,
        re.compile(
            r"error: (?P<said>(unrecognized arguments?|argument -\S+|the following arguments are required): .*)"
        ),
    ),
    (
        Symptom.NVSHMEM,
        _line_with(
            "nvshmem.*(failed|error)",
            "init failed for (remote )?transport",
            "ibv_modify_qp failed",
            "ibgda.*NULL value",
        ),
    ),
    (
        Symptom.NETWORK,
        _line_with(
            "NCCL (error|WARN)",
            "nccl(System|Remote|Internal)Error",
            "Dist(Network|Store)Error",
            "client socket has timed out",
            "No route to host",
        ),
    ),
    (
        Symptom.DRIVER,
        _line_with(
            "CUDA driver version is insufficient",
            "no kernel image is available",
            "Found no NVIDIA driver",
            "forward compatibility was attempted",
        ),
    ),
    (Symptom.TOKEN, _any("401 Client Error", "Invalid (user|credentials|token)")),
    (
        Symptom.GATED,
        _any("403 Client Error", "GatedRepoError", "Cannot access gated repo", r"Access to model \S+ is restricted"),
    ),
    (Symptom.NOT_THERE, _any("RepositoryNotFoundError", "RevisionNotFoundError", "404 Client Error")),
    (Symptom.DISK, _any("No space left on device", "Disk quota exceeded")),
    (Symptom.PACKAGE, _any("No matching distribution found", "Could not find a version that satisfies")),
    (Symptom.CHECKSUM, _any("is not as it is on Hugging Face")),
    (
        Symptom.HUB,
        _line_with(
            "Name or service not known",
            "Temporary failure in name resolution",
            "Max retries exceeded",
            "ProxyError",
            "LocalEntryNotFoundError",
        ),
    ),
    (
        Symptom.WEIGHTS,
        _line_with(
            "does not appear to have a file named",
            "SafetensorError",
            "HeaderTooLarge",
            "Incorrect path_or_model_id",
            "Cannot find any model weights",
        ),
    ),
)
"""The most telling first: an engine that runs out of memory on one node also loses its NCCL connections."""
