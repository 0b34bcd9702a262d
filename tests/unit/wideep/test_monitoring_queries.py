"""Dashboards and alerts against the catalogue of metrics: every query is parsed, and every name in it exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest

from tests.support.configs import settings
from tests.support.plans import ROOT
from wideep.dynamo.releases import ROWS, ReleaseRow, row
from wideep.monitoring.alerts import ALERTS, alerts_of, rule_group
from wideep.monitoring.catalogue import METRICS, known_series, named_series
from wideep.monitoring.dashboards import dashboard_json, panels_of
from wideep.monitoring.panels import DASHBOARDS
from wideep.monitoring.queries import filled, numbers
from wideep.plan import Plan, make_plan
from wideep.rules import accept_settings

UNITS = {"short", "s", "reqps", "percent", "percentunit", "bytes"}
"""Ids of Grafana's units (its units.jsonschema.json)."""
TRAFFIC = {"isl": 4096, "osl": 512, "ttft": "2s", "itl": "50ms"}


def _release(version: str) -> ReleaseRow:
    found = row(version)
    assert found is not None
    return found


def _plan(**changed: object) -> Plan:
    return make_plan(accept_settings(settings(monitoring={"enabled": True}, **changed)))


PLAN = _plan(traffic=TRAFFIC)
KNOWN = numbers(PLAN) | {"__rate_interval": "1m"}
EVERY = sorted(
    {query.expr for board in DASHBOARDS for panel in board.panels for query in panel.queries}
    | {alert.expr for alert in ALERTS}
)


def _nodes(node: Any) -> Iterator[Any]:
    """All parts of a query."""
    yield node
    for key in ("lhs", "rhs", "expr", "vector_selector", "args"):
        below = getattr(node, key, None)
        for each in below if isinstance(below, list) else [] if below is None else [below]:
            yield from _nodes(each)


def _grouping(node: Any) -> set[str]:
    """Labels of ``by`` and ``on``."""
    modifier = getattr(node, "modifier", None)
    labels = getattr(modifier, "labels", None) or getattr(getattr(modifier, "matching", None), "labels", None)
    return set(labels or ())


def _faults(expr: str, series: dict[str, frozenset[str]]) -> list[str]:
    """Names and labels of a query that are not among these series."""
    nodes = list(_nodes(promql.parse(filled(expr, KNOWN))))
    selectors = [node for node in nodes if isinstance(node, promql.VectorSelector)]
    found = [f"no series {each.name}" for each in selectors if each.name not in series]
    for each in selectors:
        labels = {matcher.name for matcher in each.matchers.matchers}
        found += [f"{each.name} has no label {label}" for label in labels - series.get(each.name, labels)]
    there = frozenset[str]().union(*(series.get(each.name, frozenset()) for each in selectors))
    found += [f"grouped by {label}, which none has" for node in nodes for label in _grouping(node) - there]
    return found


@pytest.mark.parametrize("expr", EVERY)
def test_a_query_is_promql_and_names_only_what_the_catalogue_has_in_some_release(expr: str) -> None:
    everything = known_series(_release("0.6.0")) | known_series(_release("1.6.1"))
    assert _faults(expr, everything) == []
    parsed = {node.name for node in _nodes(promql.parse(filled(expr, KNOWN))) if hasattr(node, "matchers")}
    assert named_series(expr) == parsed


@pytest.mark.parametrize("release", ROWS, ids=lambda each: each.version)
def test_each_release_gets_only_queries_on_series_that_it_has(release: ReleaseRow) -> None:
    series = known_series(release)
    panels = [query.expr for board in DASHBOARDS for _, queries in panels_of(board, release) for query in queries]
    for expr in (*panels, *(alert.expr for alert, _ in alerts_of(PLAN, release))):
        assert _faults(expr, series) == []


@pytest.mark.parametrize(
    ("expr", "fault"),
    [
        ("rate(nv_llm_http_service_requests_total[1m])", "no series nv_llm_http_service_requests_total"),
        ('sglang:token_usage{rank="0"}', "sglang:token_usage has no label rank"),
        ("sum by (worker) (sglang:token_usage)", "grouped by worker, which none has"),
    ],
)
def test_the_check_finds_a_name_and_a_label_that_do_not_exist(expr: str, fault: str) -> None:
    assert _faults(expr, known_series(_release("0.6.0"))) == [fault]


def test_balancedness_is_a_panel_where_it_is_a_metric_and_nowhere_else() -> None:
    (board,) = [each for each in DASHBOARDS if each.slug == "wide-ep"]
    titles = {version: [panel.title for panel, _ in panels_of(board, _release(version))] for version in RELEASES}
    assert "Balancedness of experts" in titles["1.6.1"]
    assert "Balancedness of experts" not in titles["0.6.0"]
    assert {"WideEpExpertsUneven", "WideEpModelNotReady"} == _alerts("1.6.1") - _alerts("0.6.0")


RELEASES = ("0.6.0", "1.6.1")


def _alerts(version: str, plan: Plan = PLAN) -> set[str]:
    return {alert.name for alert, _ in alerts_of(plan, _release(version))}


def test_latency_alerts_are_held_against_the_stacks_own_limits() -> None:
    exprs = {alert.name: expr for alert, expr in alerts_of(PLAN, _release("0.6.0"))}
    assert exprs["WideEpTimeToFirstToken"].endswith("> 2")
    assert exprs["WideEpInterTokenLatency"].endswith("> 0.05")
    assert _alerts("0.6.0") - _alerts("0.6.0", _plan()) == {"WideEpTimeToFirstToken", "WideEpInterTokenLatency"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda each: each.name)
def test_an_alert_says_what_is_wrong_and_which_command_finds_out_why(alert: Any) -> None:
    verbs = {each.parent.name for each in (ROOT / "wideep_cli").glob("*/command.py")}
    command = re.search(r": wideep (\w+)[ \w-]*$", alert.runbook)
    assert command
    assert command[1] in verbs


def test_the_rules_of_a_stack_are_its_alerts_with_their_words() -> None:
    group: Any = rule_group(PLAN, _release("1.6.1"))
    assert [rule["alert"] for rule in group["rules"]] == [alert.name for alert in ALERTS]
    assert all(rule["annotations"]["runbook"] and rule["for"].endswith("m") for rule in group["rules"])


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda each: each.slug)
def test_a_dashboard_is_complete_and_names_the_stack(board: Any, version: str) -> None:
    made = json.loads(dashboard_json(board, PLAN, _release(version)))
    panels = made["panels"]
    assert len(made["uid"]) <= 40
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels} <= UNITS
    for panel in panels:
        assert panel["description"].endswith(".")
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
        assert not any(re.search(r"\$(?!__rate_interval)", target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize(
    ("platform", "there"),
    [
        ({"version": "0.6.0"}, {"Operator", "etcd and NATS"}),
        ({"version": "1.6.1"}, {"Operator"}),
        ({"version": "0.6.0", "install": False}, set()),
    ],
)
def test_a_stack_has_panels_on_what_it_scrapes_and_on_nothing_else(platform: dict[str, Any], there: set[str]) -> None:
    (board,) = [each for each in DASHBOARDS if each.slug == "platform"]
    made = json.loads(dashboard_json(board, _plan(platform=platform), _release(platform["version"])))
    assert {panel["title"] for panel in made["panels"]} & {"Operator", "etcd and NATS"} == there


def test_memory_is_drawn_against_what_the_plan_expects() -> None:
    (board,) = [each for each in DASHBOARDS if each.slug == "wide-ep"]
    made = dashboard_json(board, PLAN, _release("0.6.0"))
    (decode,) = [name for name in PLAN.roles if name == "decode"]
    memory, watched = PLAN.roles[decode].memory, PLAN.monitoring
    assert watched is not None
    pool = sum(memory.weights.values()) + memory.kv_cache_gb
    expected = memory.taken_gb + pool + watched.outside_gb[decode]
    assert 1 < watched.outside_gb[decode] < 40
    assert f"vector({round(expected * 1e9)})" in made


def test_no_metric_is_in_the_catalogue_twice() -> None:
    names = [name for metric in METRICS for name in metric.series]
    assert len(names) == len(set(names))
