"""Changes to a stack's monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.plan import MonitoringPlan, Plan
from wideep_cli.plan.changes import changes
from wideep_cli.plan.effect import Effect, ObjectChange

__all__ = ["monitoring_changes"]

SUBJECT = "monitoring"


def monitoring_changes(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    """Yield the change if Prometheus, its monitors, dashboards and alerts are created, deleted or changed."""
    old, new = before.monitoring, after.monitoring
    if old == new:
        return
    if new is None:
        gone = "Prometheus and its samples are deleted; the CRDs stay." if old and old.install else "Prometheus stays."
        yield ObjectChange(SUBJECT, Effect.DELETED, gone, ())
    elif old is None:
        yield ObjectChange(SUBJECT, Effect.CREATED, _made(new), ())
    else:
        found = tuple(changes(old.model_dump(), new.model_dump(), SUBJECT))
        moved = old.install != new.install
        what = _made(new) if moved else "It restarts no pod of the graph."
        yield ObjectChange(SUBJECT, Effect.REPLACED if moved else Effect.UPDATED, what, found)


def _made(plan: MonitoringPlan) -> str:
    if plan.install:
        return f"Prometheus is installed in namespace {plan.namespace}, before the platform."
    return f"The Prometheus of namespace {plan.namespace} reads the stack's metrics."
