"""Dynamo 0.6 to 0.9: the object behind which everything of this package stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from wideep import names
from wideep.dynamo import common
from wideep.dynamo.api import CRDS_CHART, PLATFORM_CHART, Framework
from wideep.dynamo.base import Charts, ChartValue, Immutable, PlatformValues
from wideep.dynamo.v0_6 import values
from wideep.settings.root import Settings

__all__ = ["V06"]

SHELL_SAFE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
STORES: Final = (common.OPERATOR, "remove it; platform says where etcd and NATS are")


class V06(common.CommonRelease):
    """Releases 0.6 to 0.9."""

    grove_values: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("grove",),
        ("kai-scheduler",),
        ("dynamo-operator", "dynamo", "groveTerminationDelay"),
    )
    pods_need_token: ClassVar[bool] = False
    webhooks: ClassVar[bool] = False
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {**common.OWNED_ENV, "ETCD_ENDPOINTS": STORES, "NATS_SERVER": STORES}
    )

    @property
    def charts(self) -> Charts:
        return Charts(
            repository=common.REPOSITORY,
            crds=CRDS_CHART,
            crds_release=names.CRDS_RELEASE,
            platform=PLATFORM_CHART,
            platform_release=names.PLATFORM_RELEASE,
        )

    @property
    def graph_annotations(self) -> Mapping[str, str]:
        return common.BACKGROUND_DELETION

    @property
    def replace_on_change(self) -> tuple[Immutable, ...]:
        return (common.GROVE_OR_NOT,)

    def platform(self, settings: Settings) -> PlatformValues:
        found = values.values(settings)
        return PlatformValues(
            values=found,
            restricted=values.is_restricted(found),
            sub_charts=values.sub_charts(found),
            keeps_grove=values.keeps_grove(settings),
        )

    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, tuple[str, ...], object]]:
        return values.contradicted(settings)

    @property
    def grove_switch(self) -> tuple[str, ...]:
        return values.KEYS.switch("grove")

    def removed_values(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        return iter(())

    def stores(self, settings: Settings) -> Mapping[str, int]:
        return common.STORE_PORTS

    def survives_shell(self, word: str) -> bool:
        """The operator joins all of them, unquoted, into one line for ``sh -c``, for workers with several pods."""
        return SHELL_SAFE.fullmatch(word) is not None

    def working_dir(self, framework: Framework) -> str | None:
        """From 0.7 on the image's own: that folder is gone from Dynamo's repository."""
        return f"/workspace/components/backends/{framework}" if self.row.minor == (0, 6) else None
