"""What NVIDIA's planner has of a stack: the roles that it scales, the GPUs for them, and a Prometheus to read."""

from __future__ import annotations

from typing import Final

from wideep import names
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.planner import PLANNER

__all__ = ["max_gpus", "prometheus_address", "scaled_roles"]

PROMETHEUS_PORT: Final = 9090


def scaled_roles(settings: Settings) -> list[Role]:
    """Return the roles that it scales."""
    return [name for name, role in settings.layout.roles.items() if role.replicas_managed_by == PLANNER]


def max_gpus(settings: Settings) -> int:
    """Return the GPUs of all workers that it may have: those of the stack, without what the other role has."""
    scaled = scaled_roles(settings)
    return settings.hardware.gpus - sum(role.gpus for name, role in settings.layout.roles.items() if name not in scaled)


def prometheus_address(settings: Settings) -> str | None:
    """Return where Prometheus answers; None where the stack does not say it."""
    if settings.planner.prometheus is not None:
        return settings.planner.prometheus
    if not settings.monitoring.enabled or not settings.monitoring.install:
        return None
    return f"http://{names.MONITORING_RELEASE}-prometheus.{settings.namespace}.svc:{PROMETHEUS_PORT}"
