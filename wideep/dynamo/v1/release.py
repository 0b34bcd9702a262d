"""Dynamo 1.0 to 1.6: the object behind which everything of this package stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from wideep import names
from wideep.dynamo import chart, common
from wideep.dynamo.api import GROVE_UPDATE_ANNOTATION, PLATFORM_CHART, V1ALPHA1, Framework
from wideep.dynamo.base import Charts, ChartValue, Immutable, PlatformValues
from wideep.dynamo.v1 import values
from wideep.settings.root import Settings

__all__ = ["V1"]

SHELL_SAFE: Final = re.compile(r"""[A-Za-z0-9_@%+=:,./\s"'\\{}\[\]$`!~#^-]+""")
"""The operator quotes words with blanks, quotes, backslashes, braces, brackets, $, ` and !; it does so with the whole
word. Words with only ; & | * < > ( ) stay bare (backend_common.go), and the kubelet expands $(VAR) in any."""
FOREGROUND_LOOPS: Final = (1, 0)
"""The last minor whose operator never ends a foreground deletion (dynamo#8204)."""
UPDATE_STRATEGY_FROM: Final = (1, 4)
"""From here on a graph may say how Grove updates it."""
ADMISSION: Final = "the operator's admission refuses a change of it"
DISCOVERY: Final = ("the Dynamo operator sets it, by how the platform's pods find each other", "remove it")


class V1(common.CommonRelease):
    """Releases 1.0 to 1.6."""

    grove_values: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("global", "grove"),
        ("global", "kai-scheduler"),
        ("kai-scheduler", "scheduler"),
    )
    pods_need_token: ClassVar[bool] = True
    webhooks: ClassVar[bool] = True
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {
            **common.OWNED_ENV,
            "DYN_DISCOVERY_BACKEND": DISCOVERY,
            "DYN_NAMESPACE_PREFIX": (common.OPERATOR, "remove it; name is the graph's name"),
            "POD_NAME": DISCOVERY,
            "POD_NAMESPACE": DISCOVERY,
            "POD_UID": DISCOVERY,
        }
    )

    @property
    def charts(self) -> Charts:
        return Charts(
            repository=common.REPOSITORY,
            crds=None,
            crds_release=names.CRDS_RELEASE,
            platform=PLATFORM_CHART,
            platform_release=names.PLATFORM_RELEASE,
        )

    @property
    def graph_annotations(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        if self.row.minor <= FOREGROUND_LOOPS:
            found |= common.BACKGROUND_DELETION
        if self.row.minor >= UPDATE_STRATEGY_FROM:
            # The charts' default differs (Coherent from 1.6 on), and so does what it does with an update of one role.
            found[GROVE_UPDATE_ANNOTATION] = "RollingRecreate"
        return found

    @property
    def replace_on_change(self) -> tuple[Immutable, ...]:
        parts = ("name", "type", "multinode")
        if self.api == V1ALPHA1:
            own = (Immutable(path, ADMISSION) for path in ("spec.backendFramework", "spec.services[*].multinode"))
            return (common.GROVE_OR_NOT, *own)
        components = (Immutable(f"spec.components[*].{part}", ADMISSION) for part in parts)
        return (common.GROVE_OR_NOT, Immutable("spec.backendFramework", ADMISSION), *components)

    def platform(self, settings: Settings) -> PlatformValues:
        found = values.values(settings, self.row)
        return PlatformValues(
            values=found,
            restricted=chart.is_restricted(found),
            sub_charts=values.sub_charts(found),
            keeps_grove=values.keeps_grove(settings),
        )

    def contradicted(self, settings: Settings) -> Iterator[tuple[ChartValue, tuple[str, ...], object]]:
        return values.contradicted(settings, self.row)

    @property
    def grove_switch(self) -> tuple[str, ...]:
        return values.KEYS.switch("grove")

    def removed_values(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        return values.removed(settings)

    def stores(self, settings: Settings) -> Mapping[str, int]:
        return {name: port for name, port in common.STORE_PORTS.items() if values.installed(settings, self.row, name)}

    def survives_shell(self, word: str) -> bool:
        """The operator quotes most of what a shell would read, and joins the words for workers with several pods."""
        return SHELL_SAFE.fullmatch(word) is not None and "$(" not in word

    def working_dir(self, framework: Framework) -> str | None:
        return None
