"""Writes docs/metrics.md: the catalogue of metrics by release, and the dashboards and alerts that use it."""

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

The reference for what `monitoring: {enabled: true}` sets up ([how](monitoring.md)): every metric that is used, every
panel and every alert. *In* lists the releases of Dynamo that are known to have it. Metrics of 0.6 and 1.6 were read in
the source or scraped; a release between them counts if both have the metric, or if Dynamo's changes say since when.

## Metrics

Histograms have `_bucket`, `_sum` and `_count`, summaries `_sum` and `_count`. In addition to the labels listed here,
each series has those of its monitor: `role`, `graph` and `dynamo_namespace` (pods of a graph), `namespace`, `pod`,
`node`.
"""
METRIC_HEAD = "| metric | type | unit | labels | in |\n|---|---|---|---|---|\n"
DASHBOARD_HEAD = "| panel | in | shows |\n|---|---|---|\n"
ALERTS_INTRO = """\
Each fires when its query has had a result for that many minutes. Thresholds and times are llm-d's, or where marked \\*
this project's own judgement.
"""
MARK = " \\*"


def span(known: list[ReleaseRow]) -> str:
    """Return the releases in words: ``all``, ``1.6.1``, ``0.9.1 to 1.6.1``."""
    if len(known) == len(ROWS):
        return "all"
    first, last = known[0].version, known[-1].version
    return first if first == last else f"{first} to {last}"


def metrics_of(by: str, metrics: list[Metric]) -> str:
    """Return the metrics of one exporter: their sources and common labels, then a table."""
    common = frozenset[str].intersection(*(each.labels for each in metrics))
    shared = f"; labels of all: {_labels(common)}" if common else ""
    sources = ", ".join(dict.fromkeys(each.source for each in metrics))
    rows = "\n".join(metric_row(each, each.labels - common) for each in metrics)
    return f"**{by}** ({sources}{shared})\n\n{METRIC_HEAD}{rows}\n"


def metric_row(metric: Metric, labels: frozenset[str]) -> str:
    """Return one row of the catalogue, with the labels that are not common to all metrics of its exporter."""
    known = span([each for each in ROWS if metric.is_in(each)])
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {_labels(labels)} | {known} |"


def _labels(labels: frozenset[str]) -> str:
    return ", ".join(f"`{label}`" for label in sorted(labels))


def panel_row(panel: Panel) -> str:
    """Return one row of a dashboard."""
    known = span([each for each in ROWS if any(available(query.expr, each) for query in panel.queries)])
    return f"| {panel.title} | {known} | {panel.description} |"


def alert_text(alert: Alert) -> str:
    """Return one alert: its name, its meaning and where to look, and its query."""
    known = span([each for each in ROWS if available(alert.expr, each)])
    releases = "" if known == "all" else f", in {known}"
    name = f"**{alert.name}**{'' if alert.of_llm_d else MARK} ({alert.severity}, {alert.minutes} min{releases})"
    return f"- {name}: {alert.summary} {alert.runbook}.<br>`{' '.join(alert.expr.split())}`"


def pages() -> dict[Path, str]:
    """Return docs/metrics.md."""
    exporters: dict[str, list[Metric]] = {}
    for metric in METRICS:
        exporters.setdefault(metric.by, []).append(metric)
    parts = [INTRO, *(metrics_of(by, metrics) for by, metrics in exporters.items())]
    for board in DASHBOARDS:
        parts.append(
            f"## Dashboard: {board.title}\n\n{DASHBOARD_HEAD}" + "\n".join(map(panel_row, board.panels)) + "\n"
        )
    parts.append(f"## Alerts\n\n{ALERTS_INTRO}\n" + "\n".join(map(alert_text, ALERTS)) + "\n")
    return {PAGE: "\n".join(parts)}
