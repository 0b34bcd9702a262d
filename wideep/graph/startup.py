"""How long a worker may take until it serves, from the size of the weights that it reads first."""

from __future__ import annotations

import math
from typing import Final

from wideep.download import deadline_seconds
from wideep.settings import Settings

__all__ = ["PERIOD_SECONDS", "ready_timeout_seconds", "startup_seconds"]

PERIOD_SECONDS: Final = 10
"""Seconds between two attempts of a probe; a timeout is a whole number of periods."""
SLOWEST_READ: Final = 125e6
"""Bytes per second at which a pod reads the weights in the worst case: a volume behind a 1 Gbit/s link."""
WARM_UP_SECONDS: Final = 900
"""Time for kernels that are compiled at the first start (DeepGEMM), and for CUDA graphs."""
PULL_SECONDS: Final = 900
"""Time for an image of 20 GB over the same link, and for unpacking it."""


def startup_seconds(settings: Settings, weight_bytes: float) -> int:
    """Return the seconds that a worker may take from its container's start until it serves, in whole probe periods.
    They last at least until the graph's own deadline if the stack sets a longer one."""
    seconds = max(weight_bytes / SLOWEST_READ + WARM_UP_SECONDS, _written(settings) - PULL_SECONDS)
    return math.ceil(seconds / PERIOD_SECONDS) * PERIOD_SECONDS


def ready_timeout_seconds(settings: Settings, weight_bytes: float) -> int:
    """Return the seconds that the graph may take from its creation or last change until it is ready.

    That is the stack's own setting, or else the worst case for its model, including a download by its pods.
    """
    cache = settings.model_cache
    download = deadline_seconds(weight_bytes) if cache.host_path and cache.download else 0
    return _written(settings) or download + startup_seconds(settings, weight_bytes) + PULL_SECONDS


def _written(settings: Settings) -> int:
    return (settings.workers.ready_timeout_minutes or 0) * 60
