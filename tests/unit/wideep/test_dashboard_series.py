"""Each query of each dashboard gives series, on series made of the catalogue: promtool evaluates them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.configs import settings
from tests.support.promtool import NEEDS_PROMTOOL, evaluation, run_tests
from wideep.dynamo.releases import ReleaseRow, row
from wideep.monitoring.catalogue import METRICS, Metric
from wideep.monitoring.dashboards import dashboard_json
from wideep.monitoring.panels import DASHBOARDS
from wideep.plan import make_plan
from wideep.rules import accept_settings

pytestmark = NEEDS_PROMTOOL

PLAN = make_plan(accept_settings(settings(monitoring={"enabled": True})))
ROLES = {
    "frontend": ("frontend",),
    "worker": ("prefill", "decode"),
    "SGLang": ("prefill", "decode"),
    "Prometheus": ("frontend", "prefill", "decode"),
    "DCGM exporter": ("gpu",),
}
"""Roles of the pods that expose a metric; of others, who exposes it."""
OF_GRAPH = {"frontend", "prefill", "decode"}
VALUES = {
    "status": ("success", "error"),
    "dp_rank": ("0", "1"),
    "le": ("1", "+Inf"),
    "phase": ("Pending",),
    "condition": ("Ready",),
    "graph_namespace": (PLAN.namespace,),
}
"""What labels can be; of others, one word."""


def _release(version: str) -> ReleaseRow:
    found = row(version)
    assert found is not None
    return found


def _series(metric: Metric) -> Iterator[tuple[str, str]]:
    """Series of one metric, as the monitors of this program label them: counters grow, gauges stand."""
    for name, role in itertools.product(metric.series, ROLES.get(metric.by, (metric.by,))):
        target = {"namespace": PLAN.namespace, "pod": f"{role}-0", "role": role}
        graph = {"graph": PLAN.name} if role in OF_GRAPH or "condition" in metric.labels else {}
        own = sorted(metric.labels | ({"le"} if name.endswith("_bucket") else set()))
        for values in itertools.product(*(VALUES.get(label, ("x",)) for label in own)):
            labels = target | graph | dict(zip(own, values, strict=True))
            words = ", ".join(f'{label}="{value}"' for label, value in labels.items())
            yield f'{{__name__="{name}", {words}}}', "1x60" if metric.kind == "gauge" else "0+10x60"


@pytest.mark.parametrize("version", ["0.6.0", "1.6.1"])
@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda each: each.slug)
def test_every_query_of_a_dashboard_gives_series(tmp_path: Path, board: Any, version: str) -> None:
    release = _release(version)
    series = dict(pair for metric in METRICS if metric.is_in(release) for pair in _series(metric))
    panels = json.loads(dashboard_json(board, PLAN, release))["panels"]
    queries = [target["expr"].replace("$__rate_interval", "5m") for panel in panels for target in panel["targets"]]
    assert queries
    run_tests(tmp_path, [evaluation(series, queries, empty=False)])
