"""Which engines a release of Dynamo runs as this program writes their workers."""

from __future__ import annotations

from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.releases import newest_tried
from wideep.errors import Problem
from wideep.settings.backend import Backend
from wideep.settings.root import Settings

__all__ = ["backend_problem"]

VLLM_FROM: Final = (1, 0)
"""The operators before know Ray only for several pods, and their workers take other flags (``--is-prefill-worker``)."""


def backend_problem(settings: Settings) -> Problem | None:
    """vLLM on a release whose operator gives its ranks no addresses."""
    release = release_of(settings)
    if settings.backend is not Backend.VLLM or release.row.minor >= VLLM_FROM:
        return None
    rule = (
        f"{release.title} starts vLLM on several nodes with Ray only, without data parallelism, and its worker has "
        "other flags: it is worked out here from 1.0 on"
    )
    return Problem("backend", settings.backend, rule, f"write platform.version: {newest_tried().version}, or sglang")
