"""Values of the chart dynamo-platform 0.6 to 0.9: what is this chart's own of them.

Each sub-chart is installed where its own key says ``enabled``; etcd and NATS are, as in the chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wideep.dynamo import chart
from wideep.dynamo.base import ChartValue, Values
from wideep.dynamo.chart import OPERATOR, OPTIONAL, ChartKeys
from wideep.settings.platform import Grove
from wideep.settings.root import Settings

__all__ = ["KEYS", "keeps_grove", "typed_values", "values"]

KEYS: Final = ChartKeys(above=(), below="enabled")
STARTED_WITH_GROVE: Final[Mapping[str, object]] = {OPERATOR: {"dynamo": {"groveTerminationDelay": "15m0s"}}}
"""The chart's own 15 minutes in other words. The operator looks for Grove only when it starts, and the chart has
nothing that restarts it when Grove comes: another text of an argument does."""


def values(settings: Settings) -> Values:
    """All values of the release: what a fresh cluster needs, what the stack's keys say, and its own map over them."""
    found = chart.values_of(_needed(settings), typed_values(settings), settings)
    return chart.merged(STARTED_WITH_GROVE, found) if KEYS.installs(found, "grove") else found


def keeps_grove(settings: Settings) -> bool:
    """Whether nothing says that Grove goes: it stays then where it is, since only it can take down what it has made."""
    said = settings.platform.values.keys() & OPTIONAL
    return settings.platform.grove is Grove.AUTO and not said and not KEYS.sub_charts(_needed(settings))


def typed_values(settings: Settings) -> tuple[ChartValue, ...]:
    """What the stack's keys set of the chart; what they leave out stays as in the chart."""
    return chart.typed_values(settings, KEYS, etcd=True, nats=True)


def _needed(settings: Settings) -> Values:
    grove = settings.layout.has_multinode_workers and settings.platform.grove is Grove.AUTO
    return {**chart.fresh_cluster(), "grove": {"enabled": grove}, "kai-scheduler": {"enabled": grove}}
