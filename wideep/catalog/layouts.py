"""The layouts of the catalog (their rows are in ``wideep.settings.presets``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.layout import Layout, Preset, Role, RoleLayout

__all__ = ["PRESETS", "layout_of", "preset_gpus"]

PRESETS: Final[Mapping[Preset, Mapping[Role, RoleLayout]]] = MappingProxyType({each: each.roles for each in Preset})


def preset_gpus(preset: Preset) -> int:
    """Return the number of GPUs of all workers."""
    return sum(role.gpus for role in preset.roles.values())


def layout_of(preset: Preset) -> Layout:
    """Return the preset as an unmodified layout."""
    roles = preset.roles
    return Layout(preset=preset, prefill=roles[Role.PREFILL], decode=roles[Role.DECODE])
