"""How long a worker may take until it serves, from the size of what it reads first."""

from __future__ import annotations

import math
from typing import Final

from wideep.download import deadline_seconds
from wideep.settings import Settings

__all__ = ["PERIOD_SECONDS", "ready_timeout_seconds", "startup_seconds"]

PERIOD_SECONDS: Final = 10
"""Between two questions of a probe; a budget is a whole number of them."""
SLOWEST_READ: Final = 125e6
"""Bytes a second at which a pod reads the weights, at worst: a volume behind a link of 1 Gbit/s."""
WARM_UP_SECONDS: Final = 900
"""Kernels that are compiled at the first start (DeepGEMM), and CUDA graphs."""
PULL_SECONDS: Final = 900
"""An image of 20 GB over the same link, and unpacking it."""


def startup_seconds(settings: Settings, weight_bytes: float) -> int:
    """How long a worker may take from its container's start until it serves, in whole probe periods. At least until
    the graph's own deadline, where the stack sets a longer one."""
    seconds = max(weight_bytes / SLOWEST_READ + WARM_UP_SECONDS, _written(settings) - PULL_SECONDS)
    return math.ceil(seconds / PERIOD_SECONDS) * PERIOD_SECONDS


def ready_timeout_seconds(settings: Settings, weight_bytes: float) -> int:
    """How long the graph may take from its creation, or its last change, until it is ready: what the stack says, else
    what its model takes at worst; its pods may have to download first."""
    cache = settings.model_cache
    download = deadline_seconds(weight_bytes) if cache.host_path and cache.download else 0
    return _written(settings) or download + startup_seconds(settings, weight_bytes) + PULL_SECONDS


def _written(settings: Settings) -> int:
    return (settings.workers.ready_timeout_minutes or 0) * 60
