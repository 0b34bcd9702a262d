"""Config keys and units in place of a plan's internal paths, without the rows that only follow from others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from wideep.settings.layout import Role
from wideep_cli.plan.changes import ABSENT, Change

__all__ = ["reasons_in_words", "settings_in_words"]

STACK: Final[Mapping[str, str]] = MappingProxyType({"gpus": "GPUs in use", "nodes": "nodes in use", "name": "graph"})
"""Values that a plan computes for the whole stack; its other paths are config keys themselves."""
SIZES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "replicas": "replicas",
        "replicas_managed_by": "replicas.managedBy",
        "scaling_adapter": "replicas.scalingAdapter",
        "pods": "nodes",
        "gpus_per_pod": "gpusPerNode",
        "tp": "tp",
        "dp": "dp",
        "ep": "ep",
        "pp": "pp",
        "redundant_experts": "redundantExperts",
        "mem_fraction_static": "memFractionStatic",
    }
)
"""Fields of a role's plan that are keys of ``layout.prefill`` and ``layout.decode``."""
FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "weights_gb": "weights per GPU",
        "kv_cache_gb": "KV cache per GPU",
        "kv_cache_tokens": "KV cache tokens",
        "memory.headroom_gb": "outside the pool",
    }
)
"""Fields that follow from the config keys and are worth comparing."""
PARTS: Final = ("memory.", "expert_slots_per_gpu")
"""Fields that follow from the config keys and are summed up in FIGURES."""
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "platform.sub_charts": "sub-charts of dynamo-platform",
        "platform.crds_chart": "chart of the CRDs",
        "platform.restricted": "platform.namespaceRestriction",
        "tls_secret": "frontend.ingress.tlsSecret",
    }
)
DERIVED: Final = ("platform.grove", "platform.keeps_grove", "download.env.")
"""Paths that repeat ``platform.sub_charts`` or the download's own rows."""
FROM_THE_STACK: Final = ("platform.", "modelCache.", "download.", "image.")
"""Paths of objects whose fields have Python's spelling."""


def settings_in_words(found: Iterable[Change]) -> Iterator[Change]:
    """Yield each change of a setting or figure under its config key or with its unit; leave out what follows from
    these, such as the parts of the memory and the slots."""
    for change in found:
        first, _, field = change.path.partition(".")
        if first not in set(Role):
            yield replace(change, path=STACK.get(change.path, change.path))
        elif field in SIZES:
            yield replace(change, path=f"layout.{first}.{SIZES[field]}")
        elif field in FIGURES:
            shown = Change(
                f"{first} {FIGURES[field]}", *(_figure(field, text) for text in (change.before, change.after))
            )
            if shown.before != shown.after:
                yield shown
        elif not field.startswith(PARTS):
            yield change


def _figure(field: str, text: str) -> str:
    if text == ABSENT:
        return text
    return f"{float(text):.1f} GB" if field.endswith("_gb") else f"{int(text):,}"


def reasons_in_words(found: Iterable[Change]) -> Iterator[Change]:
    """Yield the reasons for an object's change under config keys where there are any; manifest paths stay as they
    are."""
    for change in found:
        if change.path.startswith(DERIVED):
            continue
        path = REASONS.get(change.path, change.path)
        if path.startswith(FROM_THE_STACK) and not path.startswith("platform.values."):
            path = re.sub(r"_([a-z])", lambda match: match[1].upper(), path)
        yield replace(change, path=path)
