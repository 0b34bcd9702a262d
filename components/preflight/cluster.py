"""What the cluster has or lacks, checked before anything is created. ``wideep doctor`` makes the same checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pulumi

from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from components.preflight import refuse
from wideep.errors import Problem
from wideep_cluster.dynamo.crds import crd_conflict, find_unknown_versions, version_conflict
from wideep_cluster.dynamo.multinode import fabric_problem, multinode_problem
from wideep_cluster.dynamo.operator import operator_conflicts
from wideep_cluster.dynamo.storage import cache_class_problem, platform_class_problems
from wideep_cluster.errors import Answer
from wideep_cluster.kinds import CLASSES, DEFINITIONS, DEPLOYMENTS, VOLUMES
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.prometheus import PROMETHEUSES, operator_problem, unread

if TYPE_CHECKING:
    from wideep.plan import CachePlan, Plan, PlatformPlan

__all__ = [
    "check_conflicts",
    "check_crds",
    "check_operators",
    "check_storage",
    "check_versions",
]


def check_conflicts(place: KubeNamespace, releases: Iterable[Problem], *, restricted: bool) -> None:
    """Raise pulumi.RunError for releases of others, and for operators beside which the chart refuses to install this
    stack's (``restricted``: to its own namespace)."""
    refuse([*releases, *operator_conflicts(place.cluster.listed(DEPLOYMENTS), place.name, restricted=restricted)])


def check_crds(place: KubeNamespace, namespace: str, release: str) -> None:
    """Raise pulumi.RunError, with a remedy, for a CRD that Helm would not adopt into this release."""
    refuse([crd_conflict(place.cluster.listed(DEFINITIONS), namespace, release)])


def check_versions(place: KubeNamespace, version: str) -> None:
    """Raise pulumi.RunError if the API server would reject the CRDs of a release because of those on the cluster."""
    refuse([version_conflict(find_unknown_versions(place.cluster, version), version)])


def check_operators(plan: Plan) -> None:
    """Raise pulumi.RunError for a graph that the cluster's operator would refuse, and if ``monitoring.install: false``
    finds no Prometheus operator; in previews too. Warn if no Prometheus would read the stack's objects.

    If the cluster cannot be reached, the provider reports that later.
    """
    monitoring = plan.monitoring if plan.monitoring and not plan.monitoring.install else None
    if not plan.platform.grove and not monitoring:
        return
    with unless_unreachable("operators"):
        cluster = connect_from_config(plan.namespace).cluster
        groups = cluster.groups()
        refuse([multinode_problem(plan, groups), fabric_problem(plan, groups), operator_problem(monitoring, groups)])
        if monitoring and (why := unread(monitoring, cluster.listed(PROMETHEUSES))):
            pulumi.log.warn(why)


def check_storage(place: KubeNamespace, cache: CachePlan | None, platform: PlatformPlan | None) -> None:
    """Raise pulumi.RunError if a claim, the cache's or one of the platform's, would wait for its storage class forever.

    A user who may not list storage classes gets the error from the claim itself.
    """
    refuse(_classes(place, cache, platform))


def _classes(place: KubeNamespace, cache: CachePlan | None, platform: PlatformPlan | None) -> Iterator[Answer]:
    if cache is None and platform is None:
        return
    classes, volumes = place.cluster.listed(CLASSES), place.cluster.listed(VOLUMES)
    if cache:
        yield cache_class_problem(cache, classes, volumes)
    if platform:
        yield from platform_class_problems(platform, classes, volumes)
