"""Write docs/metrics.md: the catalogue of metrics by release, and the dashboards and alerts that are made of it."""

from __future__ import annotations

from pathlib import Path

from wideep.dynamo.releases import ROWS, ReleaseRow
from wideep.monitoring.alerts import ALERTS, Alert
from wideep.monitoring.catalogue import METRICS, Metric
from wideep.monitoring.panel import Panel
from wideep.monitoring.panels import DASHBOARDS
from wideep.monitoring.queries import available

PAGE = Path(__file__).parents[1] / "metrics.md"
INTRO = """<!-- Written by python -m docs.generate from wideep/monitoring. Change that, not this. -->

# Metrics, dashboards and alerts

How to turn them on: [monitoring](monitoring.md). *In* are the releases that are known to have a metric, a panel or an
alert. 0.6 and 1.6 were read and scraped; a release between them counts only where both have it, or where a change of
Dynamo's says from which release on.

## Metrics

Histograms have `_bucket`, `_sum` and `_count`, summaries `_sum` and `_count`. Beside its own labels each series has
those of its monitor: `role`, `graph` and `dynamo_namespace` (pods of a graph), `namespace`, `pod`, `node`.

| metric | type | unit | own labels | exposed by | in | source |
|---|---|---|---|---|---|---|
"""
DASHBOARD_HEAD = "| panel | in | shows |\n|---|---|---|\n"
ALERT_HEAD = """| alert | in | when, for | means | look at |
|---|---|---|---|---|
"""
MARK = " \\*"
JUDGED = """
\\* Threshold and time are a judgement of this program's; those of the others are llm-d's.
"""


def span(known: list[ReleaseRow]) -> str:
    """Return the releases in words: ``all``, ``1.6.1``, ``0.9.1 to 1.6.1``."""
    if len(known) == len(ROWS):
        return "all"
    first, last = known[0].version, known[-1].version
    return first if first == last else f"{first} to {last}"


def metric_row(metric: Metric) -> str:
    """Return one row of the catalogue."""
    known = span([each for each in ROWS if metric.is_in(each)])
    labels = ", ".join(f"`{label}`" for label in sorted(metric.labels))
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.by} | {known} | {metric.source} |"


def panel_row(panel: Panel) -> str:
    """Return one row of a dashboard."""
    known = span([each for each in ROWS if any(available(query.expr, each) for query in panel.queries)])
    return f"| {panel.title} | {known} | {panel.description} |"


def alert_row(alert: Alert) -> str:
    """Return one row of the alerts."""
    known = span([each for each in ROWS if available(alert.expr, each)])
    when = " ".join(alert.expr.split()).replace("|", "\\|")
    name = alert.name + ("" if alert.of_llm_d else MARK)
    return (
        f"| {name} ({alert.severity}) | {known} | `{when}`, {alert.minutes} min | {alert.summary} | {alert.runbook} |"
    )


def pages() -> dict[Path, str]:
    """Return docs/metrics.md."""
    parts = [INTRO + "\n".join(map(metric_row, METRICS)) + "\n"]
    for board in DASHBOARDS:
        parts.append(
            f"## Dashboard: {board.title}\n\n{DASHBOARD_HEAD}" + "\n".join(map(panel_row, board.panels)) + "\n"
        )
    parts.append(f"## Alerts\n\n{ALERT_HEAD}" + "\n".join(map(alert_row, ALERTS)) + "\n" + JUDGED)
    return {PAGE: "\n".join(parts)}
