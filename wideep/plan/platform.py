"""The platform's releases."""

from __future__ import annotations

from typing import Final

from wideep import chart, names
from wideep.plan.parts import PlatformPlan
from wideep.settings import Settings
from wideep.settings.platform import ChartDigests

__all__ = ["NVIDIA_CHARTS", "platform_plan"]

NVIDIA_CHARTS: Final = "https://helm.ngc.nvidia.com/nvidia/ai-dynamo"


def platform_plan(settings: Settings) -> PlatformPlan:
    """The platform's releases. A worker of several pods needs Grove, and KAI to start all of its pods or none."""
    platform, values = settings.platform, chart.values(settings)
    return PlatformPlan(
        install=platform.install,
        version=platform.version,
        charts=platform.charts or NVIDIA_CHARTS,
        digests=_digests(platform.digests),
        crds_release=names.CRDS_RELEASE,
        release=names.PLATFORM_RELEASE,
        mpi_secret=platform.ssh_key_secret or names.MPI_SECRET,
        mpi_secret_exists=platform.ssh_key_secret is not None,
        restricted=chart.is_restricted(values),
        grove=any(role.nodes > 1 for role in settings.layout.roles.values()),
        sub_charts=chart.sub_charts(values),
        keeps_grove=chart.keeps_grove(settings),
        values=values,
        ready_timeout_seconds=60 * platform.ready_timeout_minutes,
    )


def _digests(digests: ChartDigests) -> dict[str, str]:
    given = {"dynamo-crds": digests.crds, "dynamo-platform": digests.platform}
    return {chart: digest for chart, digest in given.items() if digest is not None}
