"""``monitoring.install: false``: whether there is an operator, and a Prometheus that reads what the stack makes."""

from __future__ import annotations

from typing import Any

import pytest

from components.preflight import cluster as preflight
from tests.support.cases import seen
from tests.support.plans import plan_of
from wideep.errors import Problem
from wideep.plan import MonitoringPlan
from wideep_cluster.errors import ClusterError
from wideep_cluster.listing import Listed
from wideep_cluster.prometheus import Prometheus, operator_problem, unread

KPS = {"matchLabels": {"release": "kps"}}


def monitoring(**keys: Any) -> MonitoringPlan:
    there = {"install": False, "namespace": "observability", "selectorLabels": {"release": "kps"}}
    plan = plan_of(monitoring={"enabled": True, **(keys or there)}).monitoring
    assert plan is not None
    return plan


def prometheus(
    monitors: dict[str, Any] | None, rules: dict[str, Any] | None = None, namespace: str = "observability"
) -> Prometheus:
    """As the API has it; ``rules`` as for monitors unless they differ."""
    spec = {"podMonitorSelector": monitors, "ruleSelector": monitors if rules is None else rules}
    return Prometheus.model_validate({"metadata": {"name": "main", "namespace": namespace}, "spec": spec})


def test_a_cluster_without_the_operator_is_refused_with_both_ways_out() -> None:
    problem = operator_problem(monitoring(), seen("apps"))
    assert isinstance(problem, Problem)
    assert problem.key == "monitoring.install"
    for words in ("monitoring.coreos.com", "monitoring: {enabled: true}", "kubectl get prometheus -A"):
        assert words in str(problem)


def test_the_operator_is_not_asked_for_where_the_stack_brings_it_or_it_is_there() -> None:
    assert operator_problem(None, seen()) is None
    assert operator_problem(monitoring(install=True), seen()) is None
    assert operator_problem(monitoring(), seen("monitoring.coreos.com")) is None


@pytest.mark.parametrize(
    "selector",
    [KPS, {}, {"matchLabels": {"release": "kps"}, "matchExpressions": [{"key": "team", "operator": "Exists"}]}],
)
def test_a_prometheus_that_reads_these_labels_is_enough(selector: dict[str, Any]) -> None:
    assert unread(monitoring(), seen(prometheus(selector))) == ""


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (prometheus({"matchLabels": {"release": "prom"}}), ["podMonitorSelector", "main selects by {release: prom}"]),
        (prometheus(None, KPS), ["podMonitorSelector", "main selects by nothing"]),
        (prometheus(KPS, {"matchLabels": {"role": "alerts"}}), ["ruleSelector", "{role: alerts}"]),
        (prometheus(KPS, namespace="tools"), ["observability has no Prometheus", "found: tools/main"]),
    ],
)
def test_one_that_reads_nothing_of_the_stack_is_named_with_what_it_selects_by(
    there: Prometheus, words: list[str]
) -> None:
    said = unread(monitoring(), seen(there))
    assert [word for word in words if word not in said] == []


def test_what_cannot_be_listed_is_not_warned_of() -> None:
    assert unread(monitoring(), seen()) == ""
    assert unread(monitoring(), Listed(error=ClusterError("This user may not list prometheuses"))) == ""


def test_a_preview_warns_of_it_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Site:
        """A cluster whose one Prometheus selects by another release."""

        @property
        def cluster(self) -> Site:
            return self

        def groups(self) -> Listed[str]:
            return seen("monitoring.coreos.com")

        def listed(self, _kind: object) -> Listed[Prometheus]:
            return seen(prometheus({"matchLabels": {"release": "prom"}}))

    warned: list[str] = []
    monkeypatch.setattr(preflight, "connect_from_config", lambda _: Site())
    monkeypatch.setattr("pulumi.log.warn", warned.append)
    there = {"enabled": True, "install": False, "namespace": "observability", "selectorLabels": {"release": "kps"}}
    preflight.check_operators(plan_of(monitoring=there))
    assert [text.partition(":")[0] for text in warned] == ["monitoring.selectorLabels"]
