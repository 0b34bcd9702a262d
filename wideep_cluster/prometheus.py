"""An existing Prometheus (``monitoring.install: false``): whether the cluster has its operator's CRDs, and whether a
Prometheus of the namespace reads the stack's objects."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from wideep.errors import Problem
from wideep.plan import MonitoringPlan
from wideep.resource_names import MONITORING_GROUP
from wideep.text import some_of
from wideep_cluster.errors import Answer
from wideep_cluster.kinds import Kind
from wideep_cluster.listing import Listed
from wideep_cluster.objects.base import KubeObject, Model

__all__ = ["PROMETHEUSES", "Prometheus", "operator_problem", "unread"]


class Selector(Model):
    """``matchLabels`` of a selector; empty selects everything. Its expressions are ignored, as if they matched."""

    match_labels: dict[str, str] = Field(default_factory=dict[str, str])


class PrometheusSpec(Model):
    """The selectors of a Prometheus. None selects nothing."""

    pod_monitor_selector: Selector | None = None
    rule_selector: Selector | None = None


class Prometheus(KubeObject):
    """A Prometheus object of the operator."""

    spec: PrometheusSpec = PrometheusSpec()


PROMETHEUSES: Final = Kind(Prometheus, f"/apis/{MONITORING_GROUP}/v1", "prometheuses")


def operator_problem(plan: MonitoringPlan | None, groups: Listed[str]) -> Answer:
    """Return why monitors and alerts could not be created; None if they can, or if the stack installs the CRDs."""
    if plan is None or plan.install or MONITORING_GROUP in groups.items:
        return None
    if groups.error:
        return groups.error
    lacks = f"the cluster does not serve the API group {MONITORING_GROUP}"
    rule = f"{lacks}, so that no Prometheus operator reads monitors and alerts"
    fix = (
        "set monitoring: {enabled: true}, which installs kube-prometheus-stack,\n"
        "or install the operator and a Prometheus, which then is in: kubectl get prometheus -A"
    )
    return Problem("monitoring.install", "false", rule, fix)


def unread(plan: MonitoringPlan, found: Listed[Prometheus]) -> str:
    """Return why no Prometheus of the namespace reads the stack's monitors or its alerts, with the selector of each;
    empty if one does, or if that cannot be determined (expressions, an agent, no permission to list)."""
    if found.error or not found.items:
        return ""
    here = [each for each in found.items if each.namespace == plan.namespace]
    if not here:
        others = some_of(sorted(f"{each.namespace}/{each.name}" for each in found.items))
        return f"monitoring.namespace: {plan.namespace} has no Prometheus (found: {others}). Use the namespace of one."
    for what in ("podMonitorSelector", "ruleSelector"):
        selectors = {each.name: _selector(each, what) for each in here}
        if not any(_reads(selector, plan.selector_labels) for selector in selectors.values()):
            by = some_of(f"{name} selects by {_shown(selector)}" for name, selector in sorted(selectors.items()))
            return (
                f"monitoring.selectorLabels: {_labels(plan.selector_labels)} is not what a Prometheus of namespace "
                f"{plan.namespace} selects by in its {what} ({by}). Use those labels."
            )
    return ""


def _selector(prometheus: Prometheus, what: str) -> Selector | None:
    spec = prometheus.spec
    return spec.pod_monitor_selector if what == "podMonitorSelector" else spec.rule_selector


def _reads(selector: Selector | None, labels: dict[str, str]) -> bool:
    return selector is not None and selector.match_labels.items() <= labels.items()


def _shown(selector: Selector | None) -> str:
    return "nothing" if selector is None else _labels(selector.match_labels)


def _labels(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in sorted(labels.items())) + "}"
