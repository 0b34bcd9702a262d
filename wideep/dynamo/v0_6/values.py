"""Values that are specific to the dynamo-platform charts 0.6 to 0.9.

A sub-chart is installed if its own key has ``enabled: true``; etcd and NATS are installed, as in the chart.
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
"""The chart's own 15 minutes, spelled differently. The operator looks for Grove only when it starts, and the chart does
not restart it when Grove is installed: a changed argument does."""


def values(settings: Settings) -> Values:
    """Return all values of the Helm release: those that a fresh cluster needs, overridden by the stack's keys,
    overridden by ``platform.values``."""
    found = chart.values_of(_needed(settings), typed_values(settings), settings)
    return chart.merged(STARTED_WITH_GROVE, found) if KEYS.installs(found, "grove") else found


def keeps_grove(settings: Settings) -> bool:
    """Tell whether no setting removes Grove: an installed Grove then stays, because only Grove can remove what it has
    created."""
    said = settings.platform.values.keys() & OPTIONAL
    return settings.platform.grove is Grove.AUTO and not said and not KEYS.sub_charts(_needed(settings))


def typed_values(settings: Settings) -> tuple[ChartValue, ...]:
    """Return the chart values that the stack's keys set; keys that are not set keep the chart's value."""
    return chart.typed_values(settings, KEYS, etcd=True, nats=True)


def _needed(settings: Settings) -> Values:
    grove = settings.layout.has_multinode_workers and settings.platform.grove is Grove.AUTO
    return {**chart.fresh_cluster(), "grove": {"enabled": grove}, "kai-scheduler": {"enabled": grove}}
