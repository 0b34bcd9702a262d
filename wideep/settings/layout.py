"""``layout``: how the GPUs are split into prefill and decode workers, and the experts over them.

It is written as a preset's name, as an object, or as an object with ``preset`` and the keys that differ from it.
Settings hold it with every key filled in.
"""

from __future__ import annotations

from wideep.settings.base import SettingsModel
from wideep.settings.cache import KvCacheDtype
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.presets import Preset
from wideep.settings.role import Role, RoleLayout
from wideep.settings.speculative import Speculative

__all__ = [
    "DeepEpMode",
    "Eplb",
    "KvCacheDtype",
    "Layout",
    "MoeA2aBackend",
    "Preset",
    "Role",
    "RoleLayout",
    "Speculative",
]


class Layout(SettingsModel):
    """Both roles, and the preset that they came from."""

    preset: Preset | None = None
    """A layout of the catalog; the other keys change it."""
    prefill: RoleLayout
    """The workers that read prompts."""
    decode: RoleLayout
    """The workers that write answers."""

    @property
    def roles(self) -> dict[Role, RoleLayout]:
        """Both roles by name."""
        return {Role.PREFILL: self.prefill, Role.DECODE: self.decode}

    @property
    def has_multinode_workers(self) -> bool:
        """Whether a worker has several pods. If so, Grove makes the graph's pods; if not, Deployments do."""
        return any(role.nodes > 1 for role in self.roles.values())
