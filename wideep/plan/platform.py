"""The Helm releases of the platform."""

from __future__ import annotations

from wideep.dynamo import release_of
from wideep.dynamo.base import Charts
from wideep.plan.parts import PlatformPlan
from wideep.settings import Settings
from wideep.settings.platform import ChartDigests

__all__ = ["platform_plan"]


def platform_plan(settings: Settings) -> PlatformPlan:
    """Return the platform's Helm releases. A worker of several pods needs Grove, and KAI to start all of its pods or
    none."""
    platform, release = settings.platform, release_of(settings)
    found = release.platform(settings)
    return PlatformPlan(
        install=platform.install,
        version=platform.version,
        charts=platform.charts or release.charts.repository,
        digests=_digests(platform.digests, release.charts),
        crds_release=release.charts.crds_release,
        crds_chart=release.charts.crds,
        release=release.charts.platform_release,
        mpi_secret=platform.ssh_key_secret or release.mpi_secret,
        mpi_secret_exists=platform.ssh_key_secret is not None,
        restricted=found.restricted,
        grove=settings.layout.has_multinode_workers,
        sub_charts=found.sub_charts,
        keeps_grove=found.keeps_grove,
        values=found.values,
        ready_timeout_seconds=60 * platform.ready_timeout_minutes,
    )


def _digests(digests: ChartDigests, charts: Charts) -> dict[str, str]:
    given = {charts.crds: digests.crds, charts.platform: digests.platform}
    return {chart: digest for chart, digest in given.items() if chart is not None and digest is not None}
