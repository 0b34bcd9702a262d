"""Dynamo 1.0 to 1.6: the implementation of the interface, through which the rest of this package is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from wideep.dynamo import common
from wideep.dynamo.api import GROVE_UPDATE_ANNOTATION, V1ALPHA1, Framework
from wideep.dynamo.base import ChartValue, Immutable, Values
from wideep.dynamo.chart import ChartKeys
from wideep.dynamo.v1 import values
from wideep.settings.root import Settings

__all__ = ["V1"]

FOREGROUND_LOOPS: Final = (1, 0)
"""The last minor whose operator never finishes a foreground deletion (dynamo#8204)."""
UPDATE_STRATEGY_FROM: Final = (1, 4)
"""From this minor on a graph can choose how Grove updates it."""
ADMISSION: Final = "the operator's admission refuses a change of it"
DISCOVERY: Final = ("the Dynamo operator sets it, by how the platform's pods find each other", "remove it")


class V1(common.CommonRelease):
    """Releases 1.0 to 1.6."""

    grove_values: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("global", "grove"),
        ("global", "kai-scheduler"),
        ("kai-scheduler", "scheduler"),
    )
    crds_chart: ClassVar[str | None] = None
    chart_keys: ClassVar[ChartKeys] = values.KEYS
    shell_safe: ClassVar[re.Pattern[str]] = re.compile(r"""[A-Za-z0-9_@%+=:,./\s"'\\{}\[\]$`!~#^-]+""")
    """The operator quotes words with blanks, quotes, backslashes, braces, brackets, $, ` and !, each as a whole. Words
    with only ; & | * < > ( ) stay unquoted (backend_common.go), and the kubelet expands $(VAR) in every word."""
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
    def graph_annotations(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        if self.row.minor <= FOREGROUND_LOOPS:
            found |= common.BACKGROUND_DELETION
        if self.row.minor >= UPDATE_STRATEGY_FROM:
            # The charts' default changes (Coherent from 1.6 on), and with it what an update of one role does.
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

    def chart_values(self, settings: Settings) -> Values:
        return values.values(settings, self.row)

    def typed_values(self, settings: Settings) -> tuple[ChartValue, ...]:
        return values.typed_values(settings, self.row)

    def keeps_grove(self, settings: Settings) -> bool:
        return values.keeps_grove(settings)

    def removed_values(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        return values.removed(settings)

    def stores(self, settings: Settings) -> Mapping[str, int]:
        return {name: port for name, port in common.STORE_PORTS.items() if values.installed(settings, self.row, name)}

    def survives_shell(self, word: str) -> bool:
        return super().survives_shell(word) and "$(" not in word

    def working_dir(self, framework: Framework) -> str | None:
        return None
