"""The configuration files of a role's engine: the ConfigMap that holds them, and how the workers mount it.

The ConfigMap's name carries a hash of its files, so that a changed file makes a new ConfigMap and the pods roll to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wideep import names
from wideep.engines import engine_of
from wideep.engines.base import CONFIG_PATH
from wideep.graph.pod import ConfigMapSource, ContainerMount, Volume
from wideep.graph.refs import graph_name
from wideep.settings import Settings
from wideep.settings.layout import Role, RoleLayout

__all__ = ["EngineConfig", "engine_config"]

VOLUME: Final = "engine-config"


@dataclass(frozen=True)
class EngineConfig:
    """A role's ConfigMap."""

    name: str
    files: Mapping[str, str]

    @property
    def volume(self) -> Volume:
        """The ConfigMap as a volume of the pod."""
        return Volume(name=VOLUME, config_map=ConfigMapSource(name=self.name))

    @property
    def mount(self) -> ContainerMount:
        """Where the engine finds its files."""
        return ContainerMount(name=VOLUME, mount_path=CONFIG_PATH, read_only=True)


def engine_config(settings: Settings, role: Role, layout: RoleLayout) -> EngineConfig | None:
    """Return the ConfigMap of a role's engine; None if arguments alone configure the engine."""
    files = engine_of(settings).config_files(settings, role, layout)
    return EngineConfig(names.engine_config(graph_name(settings), role, files), files) if files else None
