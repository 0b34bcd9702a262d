"""Inputs of NVIDIA's planner: the roles that it scales, the GPUs that it may use, and a Prometheus to query."""

from __future__ import annotations

from typing import Final

from wideep import names
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.planner import PLANNER

__all__ = ["max_gpus", "prometheus_address", "scaled_roles"]

PROMETHEUS_PORT: Final = 9090


def scaled_roles(settings: Settings) -> list[Role]:
    """Return the roles whose replicas the planner manages."""
    return [name for name, role in settings.layout.roles.items() if role.replicas_managed_by == PLANNER]


def max_gpus(settings: Settings) -> int:
    """Return how many GPUs the planner's workers may use: all of the stack's except those of unscaled roles."""
    scaled = scaled_roles(settings)
    return settings.hardware.gpus - sum(role.gpus for name, role in settings.layout.roles.items() if name not in scaled)


def prometheus_address(settings: Settings) -> str | None:
    """Return the URL of the Prometheus to query; None if the stack neither names nor installs one."""
    if settings.planner.prometheus is not None:
        return settings.planner.prometheus
    if not settings.monitoring.enabled or not settings.monitoring.install:
        return None
    return f"http://{names.MONITORING_RELEASE}-prometheus.{settings.namespace}.svc:{PROMETHEUS_PORT}"
