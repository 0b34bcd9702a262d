"""The storage classes of the claims that are about to be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.preflight import refuse
from wideep_cluster.dynamo.storage import cache_class_problem, platform_class_problems
from wideep_cluster.errors import Answer
from wideep_cluster.kinds import CLASSES, VOLUMES
from wideep_cluster.kube import KubeNamespace

if TYPE_CHECKING:
    from wideep.plan import CachePlan, PlatformPlan

__all__ = ["check_storage"]


def check_storage(place: KubeNamespace, cache: CachePlan | None, platform: PlatformPlan | None = None) -> None:
    """Raise pulumi.RunError where a claim would wait for its class for ever: the cache's, or those of the platform.

    A user who may not list them learns it from the claim.
    """
    refuse(_problems(place, cache, platform))


def _problems(place: KubeNamespace, cache: CachePlan | None, platform: PlatformPlan | None) -> Iterator[Answer]:
    if cache is None and platform is None:
        return
    classes, volumes = place.cluster.listed(CLASSES), place.cluster.listed(VOLUMES)
    if cache:
        yield cache_class_problem(cache, classes, volumes)
    if platform:
        yield from platform_class_problems(platform, classes, volumes)
