"""Dynamo 0.6 to 0.9: the implementation of the interface, through which the rest of this package is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from wideep.dynamo import common
from wideep.dynamo.api import CRDS_CHART, Framework
from wideep.dynamo.base import ChartValue, Immutable, Values
from wideep.dynamo.chart import ChartKeys
from wideep.dynamo.v0_6 import values
from wideep.settings.root import Settings

__all__ = ["V06"]

STORES: Final = (common.OPERATOR, "remove it; platform says where etcd and NATS are")


class V06(common.CommonRelease):
    """Releases 0.6 to 0.9."""

    grove_values: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("grove",),
        ("kai-scheduler",),
        ("dynamo-operator", "dynamo", "groveTerminationDelay"),
    )
    crds_chart: ClassVar[str | None] = CRDS_CHART
    chart_keys: ClassVar[ChartKeys] = values.KEYS
    shell_safe: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
    """For workers with several pods the operator joins all arguments, unquoted."""
    pods_need_token: ClassVar[bool] = False
    webhooks: ClassVar[bool] = False
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {**common.OWNED_ENV, "ETCD_ENDPOINTS": STORES, "NATS_SERVER": STORES}
    )

    @property
    def graph_annotations(self) -> Mapping[str, str]:
        return common.BACKGROUND_DELETION

    @property
    def replace_on_change(self) -> tuple[Immutable, ...]:
        return (common.GROVE_OR_NOT,)

    def chart_values(self, settings: Settings) -> Values:
        return values.values(settings)

    def typed_values(self, settings: Settings) -> tuple[ChartValue, ...]:
        return values.typed_values(settings)

    def keeps_grove(self, settings: Settings) -> bool:
        return values.keeps_grove(settings)

    def removed_values(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        return iter(())

    def stores(self, settings: Settings) -> Mapping[str, int]:
        return common.STORE_PORTS

    def working_dir(self, framework: Framework) -> str | None:
        """Return the folder of 0.6. From 0.7 on the image's own is used: Dynamo's repository no longer has that
        folder."""
        return f"/workspace/components/backends/{framework}" if self.row.minor == (0, 6) else None
