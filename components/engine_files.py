"""The files that an engine reads instead of arguments: one ConfigMap for each role."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from wideep.plan import EngineConfigPlan

__all__ = ["EngineFiles", "EngineFilesArgs"]


@dataclass(frozen=True)
class EngineFilesArgs:
    """The ConfigMaps of one graph."""

    namespace: pulumi.Input[str]
    configs: tuple[EngineConfigPlan, ...]


class EngineFiles(Component):
    """A ConfigMap for each role. Its name contains a hash of the files: changed files result in a new ConfigMap, and
    the graph's pods roll to it before the old one is deleted.

    >>> files = EngineFiles("engine", EngineFilesArgs("dynamo-workshop", plan.engine_configs))
    """

    def __init__(self, name: str, args: EngineFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for config in args.configs:
            k8s.core.v1.ConfigMap(
                f"{name}-{config.role}",
                metadata=self.metadata(config.name, args.namespace),
                data=config.files,
                immutable=True,
                opts=self.api_child(),
            )
        self.register_outputs({})
