"""A platform of somebody else, where this stack would install its own."""

from __future__ import annotations

from collections.abc import Iterable

from components.preflight import refuse
from wideep.errors import Problem
from wideep_cluster.dynamo.operator import operator_conflicts
from wideep_cluster.kinds import DEPLOYMENTS
from wideep_cluster.kube import KubeNamespace

__all__ = ["check_conflicts"]


def check_conflicts(place: KubeNamespace, releases: Iterable[Problem], *, restricted: bool) -> None:
    """Raise pulumi.RunError for releases of others, and for operators beside which the chart refuses this stack's
    (``restricted``: to its own namespace)."""
    refuse([*releases, *operator_conflicts(place.cluster.listed(DEPLOYMENTS), place.name, restricted=restricted)])
