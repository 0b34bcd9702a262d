"""The implementation of ``Engine`` for TensorRT-LLM, through which all other code uses this package."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from wideep.catalog.gpus import GpuSpec, gpu_spec
from wideep.download import model_path
from wideep.dynamo.api import Framework
from wideep.engines.base import Engine, EngineRules, Family, LogFormat
from wideep.engines.flags import FlagTable, Reason
from wideep.engines.trtllm import command, config, memory
from wideep.engines.trtllm.families import FAMILIES
from wideep.engines.trtllm.flags import flag_table
from wideep.engines.trtllm.log import FORMAT
from wideep.engines.trtllm.owners import NEVER
from wideep.memory.headroom import Headroom
from wideep.memory.weights import Shares
from wideep.memory.worker import GpuMemory
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelFamily, ModelShape, WeightFormat
from wideep.settings.root import Settings

__all__ = ["TensorRtLlm"]


class TensorRtLlm(Engine):
    """One release of TensorRT-LLM."""

    framework: ClassVar[Framework] = "trtllm"
    title: ClassVar[str] = "TensorRT-LLM"
    weights_flag: ClassVar[str] = "--model-path"
    name_flag: ClassVar[str] = "--served-model-name"
    formats: ClassVar[frozenset[WeightFormat]] = frozenset(WeightFormat)
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {
            "OMPI_MCA_orte_keep_fqdn_hostnames": (
                "the operator sets it, so that ranks of several pods find each other",
                "remove it",
            ),
            "TRTLLM_CAN_USE_DEEP_EP": (
                "it is set from layout.ROLE.moeA2aBackend, which rules and memory are computed from",
                "remove it and write layout.ROLE.moeA2aBackend",
            ),
        }
    )
    exchange_of_groups: ClassVar[str] = "all-gather and reduce-scatter"
    components: ClassVar[Mapping[str, Role]] = MappingProxyType(
        {
            "backend": Role.DECODE,
            "tensorrt_llm": Role.DECODE,
            "prefill": Role.PREFILL,
            "tensorrt_llm_next": Role.PREFILL,
        }
    )

    @property
    def flags(self) -> FlagTable:
        return flag_table(self.version)

    @property
    def log(self) -> LogFormat:
        return FORMAT

    @property
    def command(self) -> tuple[str, ...]:
        return command.COMMAND

    def started(self, args: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return command.started(self.version, args)

    def args(self, settings: Settings, role: Role, layout: RoleLayout) -> tuple[str, ...]:
        path = model_path(settings.model, settings.model_cache)
        metrics = command.metrics_args(self.version) if settings.monitoring.enabled else ()
        return command.worker_args(role, layout, settings.model.name, path, metrics)

    def config_files(self, settings: Settings, role: Role, layout: RoleLayout) -> Mapping[str, str]:
        of = config.Worker(role, layout, settings.model, gpu_spec(settings.hardware.gpu), self.version)
        return {command.CONFIG_FILE: config.engine_yaml(of, settings.workers.trust_remote_code)}

    def env(self, role: Role, layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
        return command.engine_env(layout, hardware)

    def family(self, family: ModelFamily) -> Family:
        return FAMILIES[family]

    def never(self, role: Role, key: str) -> Reason | None:
        return NEVER.get(key)

    def exchange(self, role: RoleLayout) -> str:
        """Return ``all-to-all`` for attention DP with whole experts, as ``CommunicationFactory`` chooses."""
        return "all-to-all" if role.dp > 1 and role.tp == role.ep else super().exchange(role)

    def rules(self) -> EngineRules:
        from wideep.engines.trtllm.rules import RULES

        return RULES

    def shares(self, role: RoleLayout) -> Shares:
        return memory.shares(role)

    def memory(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
        return memory.worker_memory(model, gpu, name, role)

    def headroom(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
        return memory.headroom(model, name, role)

    def prefill_chunk(self, gpu: GpuSpec, role: RoleLayout | None = None) -> int:
        return config.largest_step(Role.PREFILL, role) * role.dp if role else config.PREFILL_TOKENS

    def graph_batch(self, gpu: GpuSpec, name: Role, role: RoleLayout) -> int:
        return memory.graph_batch(name, role)
