"""The dashboards of a stack in Grafana's classic JSON (schema version 39, which Grafana 10 to 13 load)."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Final

from wideep.dynamo.releases import ReleaseRow
from wideep.monitoring.panel import Dashboard, Panel, Query
from wideep.monitoring.queries import available, filled, numbers, roles_of

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["dashboard_json", "panels_of"]

SCHEMA: Final = 39
WIDTH: Final = 12
HEIGHT: Final = 8
COLUMNS: Final = 24
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, object]


def panels_of(
    dashboard: Dashboard, release: ReleaseRow, roles: Set[str] | None = None
) -> list[tuple[Panel, list[Query]]]:
    """Return the panels for which a release has series, each with the queries whose series it has.

    ``roles``: the roles of the pods that a stack scrapes; None for all.
    """

    def has(query: Query) -> bool:
        return available(query.expr, release) and (roles is None or roles_of(query.expr) <= roles)

    found = [(each, [query for query in each.queries if has(query)]) for each in dashboard.panels]
    return [(panel, queries) for panel, queries in found if queries]


def dashboard_json(dashboard: Dashboard, plan: Plan, release: ReleaseRow) -> str:
    """Return a stack's dashboard in the format that Grafana reads from a file."""
    known = numbers(plan)
    roles = {monitor.role for monitor in plan.monitoring.monitors} if plan.monitoring else None
    panels = [
        _panel(number, panel, [Query(filled(each.expr, known), each.legend) for each in queries])
        for number, (panel, queries) in enumerate(panels_of(dashboard, release, roles))
    ]
    variable: Json = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return json.dumps(
        {
            "uid": f"{plan.name[:27]}-{dashboard.slug}",
            "title": f"{dashboard.title}: {plan.name}",
            "tags": ["dynamo-wideep"],
            "schemaVersion": SCHEMA,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "templating": {"list": [variable]},
            "panels": panels,
        },
        sort_keys=True,
    )


def _panel(number: int, panel: Panel, queries: Sequence[Query]) -> Json:
    row, column = divmod(number, COLUMNS // WIDTH)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": list[Json]()},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": each.expr, "legendFormat": each.legend}
            for index, each in enumerate(queries)
        ],
    }
