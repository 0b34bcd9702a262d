"""Values that are specific to the dynamo-platform charts 1.0 to 1.6.

``global.NAME.install`` installs a sub-chart, ``global.NAME.enabled`` says that the cluster has it already; the keys of
earlier releases (``grove.enabled``, ``etcd.enabled``, …) make the chart fail. The operator's pod has a checksum of its
configuration, so that it restarts when Grove is installed (templates/deployment.yaml).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from wideep.dynamo import chart
from wideep.dynamo.base import ChartValue, Path, Values
from wideep.dynamo.chart import OPERATOR, OPTIONAL, ChartKeys, at
from wideep.dynamo.releases import ReleaseRow
from wideep.settings.platform import Grove
from wideep.settings.root import Settings

__all__ = ["KEYS", "REMOVED", "installed", "keeps_grove", "removed", "typed_values", "values"]

KEYS: Final = ChartKeys(above=("global",), below="install")
REMOVED: Final[Mapping[Path, str]] = MappingProxyType(
    {
        ("grove", "enabled"): "remove it, or write global.grove.install",
        ("kai-scheduler", "enabled"): "remove it, or write global.kai-scheduler.install",
        ("etcd", "enabled"): "remove it, or write platform.etcd.install",
        ("nats", "enabled"): "remove it, or write platform.nats.install",
        (OPERATOR, "webhook", "enabled"): "remove it: the operator always admits graphs",
    }
)
"""Values of earlier releases, and what to write instead. The chart fails for the first four."""
STALENESS: Final[Path] = ("kai-scheduler", "scheduler", "args", "default-staleness-grace-period")
STALENESS_FROM: Final = (1, 5)
"""From this minor on the chart refuses Grove and KAI together without this value; a number instead of the string fails
as well."""
POD_MONITORS_FROM: Final = (1, 5)
"""The oldest chart that was read and has a switch for its PodMonitors (values of its operator, prometheus.yaml)."""
CRDS_OF_ANOTHER_FROM: Final = (1, 4)
"""From this minor on a restricted operator is refused unless it leaves the CRDs to a cluster-wide one."""


def values(settings: Settings, row: ReleaseRow) -> Values:
    """Return all values of the Helm release: those that a fresh cluster needs, overridden by the stack's keys,
    overridden by ``platform.values``."""
    return chart.values_of(_needed(settings, row), typed_values(settings, row), settings)


def keeps_grove(settings: Settings) -> bool:
    """Tell whether no setting removes Grove: an installed Grove then stays, because only Grove can remove what it has
    created."""
    said = any(at(settings.platform.values, KEYS.switch(name)) is not None for name in OPTIONAL)
    return settings.platform.grove is Grove.AUTO and not said and not settings.layout.has_multinode_workers


def removed(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Yield the path of each value in ``platform.values`` that the charts from 1.0 on no longer have, and what to write
    instead."""
    return ((path, instead) for path, instead in REMOVED.items() if at(settings.platform.values, path) is not None)


def installed(settings: Settings, row: ReleaseRow, store: str) -> bool:
    """Tell whether etcd or NATS is installed: by the stack's setting, else by the chart's default."""
    platform = settings.platform
    asked, usual = (platform.etcd.install, row.etcd) if store == "etcd" else (platform.nats.install, row.nats)
    said = at(platform.values, KEYS.switch(store))
    return said is True if said is not None else usual != "off" if asked is None else asked


def typed_values(settings: Settings, row: ReleaseRow) -> tuple[ChartValue, ...]:
    """Return the chart values that the stack's keys set; keys that are not set keep the chart's value."""
    etcd = installed(settings, row, "etcd")
    asked = {name: getattr(settings.platform, name).install for name in ("etcd", "nats")}
    switches = [
        ChartValue(f"platform.{name}.install", KEYS.switch(name), value)
        for name, value in asked.items()
        if value is not None
    ]
    if asked["etcd"]:
        # Without this value the pods keep finding each other through the Kubernetes API, and etcd is unused.
        switches.append(ChartValue("platform.etcd.install", (OPERATOR, "discoveryBackend"), "etcd"))
    nats, switch = installed(settings, row, "nats"), row.minor >= POD_MONITORS_FROM
    return (*chart.typed_values(settings, KEYS, etcd=etcd, nats=nats, switch=switch), *switches)


def _needed(settings: Settings, row: ReleaseRow) -> Values:
    several, ours = settings.layout.has_multinode_workers, settings.platform.grove is Grove.AUTO
    state = {"install": several and ours, "enabled": several}
    found = chart.merged(chart.fresh_cluster(), {"global": {name: dict(state) for name in OPTIONAL}})
    if several and ours and row.minor >= STALENESS_FROM:
        found = chart.merged(found, chart.nested(STALENESS, "-1s"))
    if settings.platform.namespace_restriction and row.minor >= CRDS_OF_ANOTHER_FROM:
        found = chart.merged(found, chart.nested((OPERATOR, "upgradeCRD"), False))
    return found
