"""NVIDIA's planner as a component of a graph of ``v1beta1``: what it is told, and what workers do for it.

Its configuration is that of ``dynamo.planner.config.planner_config`` in the wheel of ``ai-dynamo`` 1.6.1. It reads how
busy workers are from the events of their forward passes, which they publish where a variable asks for it, and what the
frontend was asked from Prometheus. Its service account, with which it scales, is the operator's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from wideep import names
from wideep.engines import engine_of
from wideep.graph.common import Stack, limits, pull_secrets
from wideep.graph.components import resources, runtime
from wideep.graph.dgd import Resources
from wideep.graph.pod import RESTRICTED, EnvVar
from wideep.graph.v1beta1 import Component, MainContainer, PodSpec, PodTemplate, Type
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.planner import PLANNER
from wideep.settings.serving import PodResources

__all__ = ["FORWARD_PASSES", "max_gpus", "planner", "planner_config", "prometheus_address", "scaled_roles"]

IMAGE: Final = "nvcr.io/nvidia/ai-dynamo/dynamo-planner"
PROMETHEUS_PORT: Final = 9090
FORWARD_PASSES: Final = MappingProxyType({"DYN_FORWARDPASS_METRIC_PORT": "20380"})
"""Of SGLang's and vLLM's workers: publish an event for each forward pass. vLLM's ranks use this port of the pod and
those after it, on loopback."""


def planner(stack: Stack) -> Iterator[Component]:
    """Yield the component; nothing where the stack has no planner."""
    settings = stack.settings
    given = settings.planner
    if not given.enabled:
        return
    env = {"PROMETHEUS_ENDPOINT": prometheus_address(settings), **stack.telemetry_env(PLANNER)}
    main = MainContainer(
        image=given.image or f"{IMAGE}:{settings.platform.version}",
        command=("python3", "-m", "dynamo.planner"),
        args=("--config", json.dumps(planner_config(settings))),
        env=tuple(EnvVar(name=name, value=value) for name, value in env.items()),
        security_context=RESTRICTED,
        resources=resources(Resources(limits=limits(given.resources)) if given.resources != PodResources() else None),
    )
    yield Component(
        name=names.PLANNER,
        type=Type.PLANNER,
        replicas=1,
        runtime_version_override=runtime(stack),
        pod_template=PodTemplate(spec=PodSpec(containers=(main,), image_pull_secrets=pull_secrets(settings))),
    )


def planner_config(settings: Settings) -> dict[str, object]:
    """Return its configuration. What is not said is left at its own default."""
    roles, given = scaled_roles(settings), settings.planner
    return {
        "environment": "kubernetes",
        "backend": engine_of(settings).framework,
        "mode": "disagg" if len(roles) > 1 else str(roles[0]),
        "optimization_target": str(given.optimization_target),
        "max_gpu_budget": max_gpus(settings),
        "min_endpoint": 1,  # without a worker the frontend drops the model, and nothing asks for one
        **{f"{name}_engine_num_gpu": settings.layout.roles[name].gpus_per_worker for name in roles},
        "advisory": given.advisory,
        "report_interval_hours": None,
        "live_dashboard_port": 0,  # nobody is asked who reads it
    }


def scaled_roles(settings: Settings) -> list[Role]:
    """Return the roles that it scales."""
    return [name for name, role in settings.layout.roles.items() if role.replicas_managed_by == PLANNER]


def max_gpus(settings: Settings) -> int:
    """Return the GPUs of all workers that it may have: those of the stack, without what the other role has."""
    scaled = scaled_roles(settings)
    return settings.hardware.gpus - sum(role.gpus for name, role in settings.layout.roles.items() if name not in scaled)


def prometheus_address(settings: Settings) -> str:
    """Return where Prometheus answers: what the stack says, or the one that ``monitoring`` installs."""
    installed = f"http://{names.MONITORING_RELEASE}-prometheus.{settings.namespace}.svc:{PROMETHEUS_PORT}"
    return settings.planner.prometheus or installed
