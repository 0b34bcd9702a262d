"""Rules about who decides how many workers there are, and what the release must have for it."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.dynamo import release_of
from wideep.dynamo.api import SCALING_ADAPTER
from wideep.dynamo.releases import ROWS
from wideep.errors import Problem
from wideep.settings.root import Settings

__all__ = ["scaling_problems"]


def scaling_problems(settings: Settings) -> Iterator[Problem]:
    """Yield all broken rules of ``layout.ROLE.replicas`` for roles with a scaling adapter."""
    release = release_of(settings)
    for name, role in settings.layout.roles.items():
        key = f"layout.{name}.replicas"
        if not role.replicas_scaling_adapter:
            continue
        if role.replicas_managed_by is None:
            rule = "a scaling adapter sets the number of workers, so this program must not set it too"
            yield Problem(f"{key}.scalingAdapter", "true", rule, "say who sets it: {managedBy: NAME, …}")
        if not release.row.has_scaling_adapter:
            first = next(row for row in ROWS if row.has_scaling_adapter)
            rule = f"{release.title} has no {SCALING_ADAPTER}: its operator reads replicas of the graph alone"
            fix = (
                f"set platform.version: {first.version} or newer\n"
                f"or remove scalingAdapter: {role.replicas_managed_by} then writes replicas into the graph"
            )
            yield Problem(f"{key}.scalingAdapter", "true", rule, fix)
