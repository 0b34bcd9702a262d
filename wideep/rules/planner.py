"""Rules of ``planner``: where NVIDIA's planner can scale a stack's workers, and what it lacks elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.releases import newest_tried
from wideep.errors import Problem
from wideep.planner import prometheus_address, scaled_roles
from wideep.rules.hardware import most_workers
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep.settings.planner import PLANNER
from wideep.settings.root import Settings

__all__ = ["planner_problems"]

LACKS: Final = (
    ((1, 1), "needs hours of profiling on GPUs before it scales, and has no image of its own"),
    ((1, 3), "scales by load, and adding a worker under Grove has restarted all workers of a graph"),
    ((1, 5), "never adds a prefill worker of SGLang, whose queue is under-reported, and stays in insufficient_data"),
    ((1, 6), "has a configuration that the plan does not know"),
)
"""What keeps the planners of minors below each of these from scaling (known issues of each release)."""


def planner_problems(settings: Settings) -> Iterator[Problem]:
    """Yield all broken rules of ``planner``; nothing if it is off."""
    if not settings.planner.enabled:
        return
    scaled = scaled_roles(settings)
    for problem in (_release(settings), _engine(settings), _prometheus(settings)):
        if problem:
            yield problem
    if not scaled:
        rule = "no role lets it set the number of its workers"
        fix = "\nor ".join(f"set layout.{name}.replicas: {{managedBy: {PLANNER}, initial: N}}" for name in Role)
        yield Problem("planner.enabled", "true", rule, fix)
    for name in scaled:
        yield from _room(settings, name)


def _release(settings: Settings) -> Problem | None:
    release = release_of(settings)
    if release.row.has_planner:
        return None
    lacks = next(words for below, words in LACKS if release.row.minor < below)
    fix = (
        f"set platform.version: {newest_tried().version}\n"
        "or remove planner, and let KEDA scale: replicas: {managedBy: keda, scalingAdapter: true}, from 0.8 on"
    )
    return Problem("planner.enabled", "true", f"the planner of {release.title} {lacks}", fix)


def _engine(settings: Settings) -> Problem | None:
    """Refuse TensorRT-LLM, which counts the passes of all attention groups as one; how it does so is not known here."""
    if settings.backend is not Backend.TRTLLM:
        return None
    rule = "it is not known how TensorRT-LLM reports the load of attention groups to the planner"
    return Problem("planner.enabled", "true", rule, "remove planner, or set backend: sglang")


def _prometheus(settings: Settings) -> Problem | None:
    monitoring = settings.monitoring
    if prometheus_address(settings):
        return None
    has = "monitoring.install is false" if monitoring.enabled else "monitoring is off"
    rule = f"the planner reads the frontend's load from Prometheus, and {has}"
    return Problem("planner.prometheus", "", rule, "set monitoring.enabled: true\nor set its address, http://HOST:9090")


def _room(settings: Settings, name: Role) -> Iterator[Problem]:
    """Yield a problem if the nodes have no room for one more worker: a worker is added whole, or not at all."""
    role, hardware, others = settings.layout.roles[name], settings.hardware, settings.layout.roles
    if most_workers(settings, name) > role.replicas:
        return
    used = sum(each.gpus for each in others.values())
    rule = (
        f"one more {name} worker takes {role.nodes} × {role.gpus_per_node} = {role.gpus_per_worker} GPUs, and there is "
        f"no room for it: of {hardware.nodes} × {hardware.gpus_per_node} = {hardware.gpus} the layout uses {used}"
    )
    more = -(-role.gpus_per_worker // hardware.gpus_per_node)
    fix = f"set hardware.nodes: {hardware.nodes + more}, if you have that many\nor remove managedBy of {name}"
    yield Problem(f"layout.{name}.replicas", str(role.replicas), rule, fix)
