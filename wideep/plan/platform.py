"""Values of the chart dynamo-platform 0.6.0 that a fresh cluster needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from wideep import names
from wideep.plan.parts import PlatformPlan
from wideep.settings import Settings

__all__ = ["NVIDIA_CHARTS", "platform_plan"]

NVIDIA_CHARTS: Final = "https://helm.ngc.nvidia.com/nvidia/ai-dynamo"
RBAC_PROXY: Final = "quay.io/brancz/kube-rbac-proxy"
"""Has the tag that the chart asks for; the repository of its default is gone."""

Values = dict[str, object]


def platform_plan(settings: Settings) -> PlatformPlan:
    """The platform's releases. A worker of several pods needs Grove, and KAI to start all of its pods or none."""
    platform = settings.platform
    several_pods = any(role.nodes > 1 for role in settings.layout.roles.values())
    return PlatformPlan(
        install=platform.install,
        version=platform.version,
        charts=platform.charts or NVIDIA_CHARTS,
        crds_release=names.CRDS_RELEASE,
        release=names.PLATFORM_RELEASE,
        mpi_secret=names.MPI_SECRET,
        grove=several_pods,
        values=merged(_values(grove=several_pods), platform.values),
    )


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> Values:
    """``over`` on top of ``base``, as Helm merges values: objects key by key, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = merged(cast(Values, below), cast(Values, value))
        else:
            result[key] = value
    return result


def _values(*, grove: bool) -> Values:
    operator = {
        # The hook's images are gone (dynamo#4157). The Secret that it would make is made by this program.
        "dynamo": {"mpiRun": {"secretName": names.MPI_SECRET, "sshKeygen": {"enabled": False}}},
        "controllerManager": {"kubeRbacProxy": {"image": {"repository": RBAC_PROXY}}},
    }
    return {"dynamo-operator": operator, "grove": {"enabled": grove}, "kai-scheduler": {"enabled": grove}}
