"""``planner``: NVIDIA's planner, which changes the number of workers according to their load."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.serving import PodResources

__all__ = ["PLANNER", "OptimizationTarget", "Planner"]

PLANNER = "planner"
"""The value of ``layout.ROLE.replicas.managedBy`` that lets this planner scale the role."""
Address = Annotated[
    str, StringConstraints(pattern=r"^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[-A-Za-z0-9._~/]*)?$")
]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\s]+$")]


class OptimizationTarget(StrEnum):
    """When the planner adds and takes away workers. Neither target needs profiling."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"


class Planner(SettingsModel):
    """Dynamo's planner as a component of the graph. Switching it on or off replaces the graph, because Dynamo does not
    let anybody change the components of an existing one."""

    enabled: bool = False
    """Run the planner. It scales the roles with ``replicas: {managedBy: planner}``, one whole worker at a time."""
    optimization_target: OptimizationTarget = OptimizationTarget.THROUGHPUT
    """``throughput`` adds a prefill worker when a whole context waits for each, and scales decode by its KV cache;
    ``latency`` does both earlier. Targets of TTFT and ITL (``sla``) need profiling, and are not offered."""
    advisory: bool = False
    """Only log what the planner would do."""
    prometheus: Address | None = None
    """Address of the Prometheus that the planner reads, as ``http://HOST:9090``. None: the one that ``monitoring``
    installs."""
    image: Reference | None = None
    """The planner's image. None: nvcr.io/nvidia/ai-dynamo/dynamo-planner with the tag of ``platform.version``."""
    resources: PodResources = PodResources()
    """CPU and memory of the planner's pod."""
