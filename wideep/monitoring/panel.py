"""A panel of a dashboard as a row: what it shows, and its queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Dashboard", "Panel", "Query", "quantiles"]


@dataclass(frozen=True)
class Query:
    """One or several lines of a panel; left out if the release lacks its series."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One chart of a dashboard; left out if none of its queries remains."""

    title: str
    description: str
    unit: str
    """The id of a Grafana unit."""
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page of panels."""

    title: str
    slug: str
    panels: tuple[Panel, ...]


def quantiles(series: str, by: str, legend: str, of: Sequence[str] = ("0.5", "0.95", "0.99")) -> tuple[Query, ...]:
    """Return one query for each quantile of a histogram, by a label."""
    return tuple(
        Query(
            f"histogram_quantile({each}, sum by (le, {by}) (rate({series}[$__rate_interval])))",
            f"p{float(each) * 100:g} {legend}",
        )
        for each in of
    )
