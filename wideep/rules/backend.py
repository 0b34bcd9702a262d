"""Rules about which engines a release of Dynamo can run with the workers that this program writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.releases import newest_tried
from wideep.errors import Problem
from wideep.settings.backend import Backend
from wideep.settings.root import Settings

__all__ = ["backend_advice", "backend_problem"]

VLLM_FROM: Final = (1, 0)
"""Operators before this minor start vLLM on several pods with Ray only, and their workers take other flags
(``--is-prefill-worker``)."""
MPI_FAILED_UNTIL: Final = (0, 8)
"""Below this minor, prefill and decode workers of several pods failed (dynamo#4299, open)."""


def backend_problem(settings: Settings) -> Problem | None:
    """Refuse vLLM on a release whose operator does not give vLLM's ranks their addresses."""
    release = release_of(settings)
    if settings.backend is not Backend.VLLM or release.row.minor >= VLLM_FROM:
        return None
    rule = (
        f"{release.title} starts vLLM on several nodes with Ray only, without data parallelism, and its worker has "
        "other flags: the plan knows vLLM from 1.0 on"
    )
    return Problem("backend", settings.backend, rule, f"set platform.version: {newest_tried().version}, or sglang")


def backend_advice(settings: Settings) -> Iterator[Problem]:
    """Warn about the limits of ``mpirun``, which starts TensorRT-LLM's workers of several pods."""
    several = any(role.nodes > 1 for role in settings.layout.roles.values())
    if settings.backend is not Backend.TRTLLM or not several:
        return
    release = release_of(settings)
    if release.row.minor < MPI_FAILED_UNTIL:
        rule = f"TensorRT-LLM's workers of several pods failed on {release.title} (dynamo#4299)"
        fix = f"set platform.version: {newest_tried().version}, or workers of one node"
        yield Problem("platform.version", release.version, rule, fix)
    if settings.workers.env_from:
        rule = "mpirun starts the ranks of a worker's other pods over SSH, with the variables of env only"
        fix = "write what ranks need in workers.env; secrets of this kind do not reach them"
        yield Problem("workers.envFrom", ", ".join(settings.workers.env_from), rule, fix)
