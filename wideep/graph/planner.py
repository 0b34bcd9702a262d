"""NVIDIA's planner as a component of a ``v1beta1`` graph: its configuration, and what workers do for it.

The configuration is that of ``dynamo.planner.config.planner_config`` in the wheel of ``ai-dynamo`` 1.6.1. The planner
reads the workers' load from the events of their forward passes, which they publish if a variable asks for it, and the
frontend's requests from Prometheus. The operator provides the service account with which it scales.
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
from wideep.planner import max_gpus, prometheus_address, scaled_roles
from wideep.settings import Settings
from wideep.settings.planner import PLANNER
from wideep.settings.serving import PodResources

__all__ = ["FORWARD_PASSES", "planner", "planner_config"]

IMAGE: Final = "nvcr.io/nvidia/ai-dynamo/dynamo-planner"
FORWARD_PASSES: Final = MappingProxyType({"DYN_FORWARDPASS_METRIC_PORT": "20380"})
"""Makes SGLang's and vLLM's workers publish an event for each forward pass. vLLM's ranks use this port of the pod and
those after it, on loopback."""


def planner(stack: Stack) -> Iterator[Component]:
    """Yield the planner's component; nothing if the stack has no planner."""
    settings = stack.settings
    given = settings.planner
    if not given.enabled:
        return
    env = {"PROMETHEUS_ENDPOINT": prometheus_address(settings) or "", **stack.telemetry_env(PLANNER)}
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
    """Return the planner's configuration. Keys that are left out keep the planner's own defaults."""
    roles, given = scaled_roles(settings), settings.planner
    return {
        "environment": "kubernetes",
        "backend": engine_of(settings).framework,
        "mode": "disagg" if len(roles) > 1 else str(roles[0]),
        "optimization_target": str(given.optimization_target),
        "max_gpu_budget": max_gpus(settings),
        "min_endpoint": 1,  # without a worker the frontend drops the model, and no request would bring one back
        **{f"{name}_engine_num_gpu": settings.layout.roles[name].gpus_per_worker for name in roles},
        "advisory": given.advisory,
        "report_interval_hours": None,
        "live_dashboard_port": 0,  # off: the dashboard does not authenticate its readers
    }
