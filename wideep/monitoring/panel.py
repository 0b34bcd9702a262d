"""A panel of a dashboard as a row: what it shows, and the queries that it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Dashboard", "Panel", "Query", "quantiles"]


@dataclass(frozen=True)
class Query:
    """One line, or several, of a panel; left out where the release lacks its series."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture; left out where none of its queries is left."""

    title: str
    description: str
    unit: str
    """A unit's id of Grafana's."""
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page of panels."""

    title: str
    slug: str
    panels: tuple[Panel, ...]


def quantiles(series: str, by: str, legend: str, of: Sequence[str] = ("0.5", "0.95", "0.99")) -> tuple[Query, ...]:
    """The quantiles of a histogram, by a label."""
    return tuple(
        Query(
            f"histogram_quantile({each}, sum by (le, {by}) (rate({series}[$__rate_interval])))",
            f"p{float(each) * 100:g} {legend}",
        )
        for each in of
    )
