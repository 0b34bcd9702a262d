"""Who sets the number of workers, how many there is room for, and what an autoscaler has to target."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.dynamo.api import SCALING_ADAPTER, V1ALPHA1
from wideep.planner import max_gpus, prometheus_address
from wideep.rules.hardware import most_workers
from wideep.settings.planner import PLANNER
from wideep_cli.stack_context import StackContext

__all__ = ["scaling_lines"]


def scaling_lines(loaded: StackContext) -> list[tuple[str, str]]:
    """Return a labelled line for each role that something else scales, and for the planner; empty if neither
    applies."""
    lines: list[tuple[str, str]] = []
    for name, role in loaded.plan.roles.items():
        who, adapter = role.replicas_managed_by, role.scaling_adapter
        if not who:
            continue
        where = f"{SCALING_ADAPTER} {adapter} ({V1ALPHA1.api_version})" if adapter else f"graph {loaded.plan.name}"
        most = most_workers(loaded.settings, name)
        line = f"{who} changes replicas of {where}, 1 to {most} (hardware.nodes)"
        if adapter:
            line += f"; by hand: kubectl -n {loaded.plan.namespace} scale dgdsa {adapter} --replicas {most}"
        lines.append((name, line))
    return [*lines, *_planner(loaded)]


def _planner(loaded: StackContext) -> Iterator[tuple[str, str]]:
    settings = loaded.settings
    given = settings.planner
    if given.enabled:
        does = "only logs what it would do" if given.advisory else f"uses up to {max_gpus(settings)} GPUs"
        where = prometheus_address(settings)
        yield PLANNER, f"{does}, target {given.optimization_target}; reads Prometheus at {where}"
