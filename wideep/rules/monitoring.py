"""Rules of ``monitoring``: which Prometheus scrapes the stack, and what reads its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.errors import Problem
from wideep.settings.root import Settings

__all__ = ["monitoring_problems"]

THERE: Final = "with install: false the stack has to name the existing Prometheus"
OURS: Final = "with install: true Prometheus runs in the stack's own namespace and selects by its own release"


def monitoring_problems(settings: Settings) -> Iterator[Problem]:
    """Yield all broken rules of ``monitoring``; nothing if it is off."""
    monitoring = settings.monitoring
    if not monitoring.enabled:
        return
    if monitoring.install:
        if monitoring.namespace is not None:
            fix = "remove it, or set install: false"
            yield Problem("monitoring.namespace", monitoring.namespace, OURS, fix)
        if monitoring.selector_labels:
            fix = "remove it, or set install: false"
            yield Problem("monitoring.selectorLabels", _shown(monitoring.selector_labels), OURS, fix)
        return
    if monitoring.namespace is None:
        yield Problem("monitoring.namespace", "", THERE, "use the namespace of its pods: kubectl get prometheus -A")
    if not monitoring.selector_labels:
        fix = "use the labels of its podMonitorSelector, such as {release: prometheus}"
        yield Problem("monitoring.selectorLabels", "{}", f"{THERE}: it reads monitors with its labels only", fix)


def _shown(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in labels.items()) + "}"
