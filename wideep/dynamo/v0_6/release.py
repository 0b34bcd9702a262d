"""Dynamo 0.6.0 as a release: the object behind which everything of this package stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final

from wideep.dynamo.base import Release

__all__ = ["V06"]

SHELL_SAFE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
OPERATOR: Final = "the Dynamo operator sets it, by the graph's name and the platform's addresses"
STORES: Final = (OPERATOR, "take it out; platform says where etcd and NATS are")


@dataclass(frozen=True)
class V06(Release):
    """Releases 0.6."""

    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {
            "DYN_NAMESPACE": (OPERATOR, "take it out; name is the graph's name"),
            "DYN_COMPONENT": (OPERATOR, "take it out"),
            "DYN_PARENT_DGD_K8S_NAME": (OPERATOR, "take it out"),
            "DYN_PARENT_DGD_K8S_NAMESPACE": (OPERATOR, "take it out"),
            "ETCD_ENDPOINTS": STORES,
            "NATS_SERVER": STORES,
        }
    )

    def survives_shell(self, word: str) -> bool:
        """The operator joins all of them, unquoted, into one line for ``sh -c``, for workers with several pods."""
        return SHELL_SAFE.fullmatch(word) is not None

    def working_dir(self, framework: str) -> str | None:
        return f"/workspace/components/backends/{framework}"
