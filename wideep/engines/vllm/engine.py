"""The implementation of ``Engine`` for vLLM, through which all other code uses this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from wideep.catalog.gpus import GpuSpec
from wideep.download import model_path
from wideep.dynamo.api import Framework
from wideep.engines.base import Engine, EngineRules, Family, LogFormat
from wideep.engines.flags import FlagTable, Reason
from wideep.engines.reading import RoleReading, SaidFlag
from wideep.engines.vllm import command, memory
from wideep.engines.vllm.families import FAMILIES
from wideep.engines.vllm.flags import flag_table
from wideep.engines.vllm.log import FORMAT
from wideep.engines.vllm.owners import NEVER
from wideep.memory.headroom import Headroom
from wideep.memory.weights import Shares
from wideep.memory.worker import GpuMemory
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelFamily, ModelShape, WeightFormat
from wideep.settings.root import Settings

__all__ = ["Vllm"]


class Vllm(Engine):
    """One release of vLLM."""

    framework: ClassVar[Framework] = "vllm"
    title: ClassVar[str] = "vLLM"
    weights_flag: ClassVar[str] = "--model"
    name_flag: ClassVar[str] = "--served-model-name"
    formats: ClassVar[frozenset[WeightFormat]] = frozenset(WeightFormat) - {WeightFormat.NVFP4}
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = MappingProxyType(
        {
            "VLLM_NIXL_SIDE_CHANNEL_HOST": (
                "the operator sets it to the pod's address, at which decode asks prefill for a request's KV cache",
                "remove it",
            ),
            "VLLM_ALL2ALL_BACKEND": (
                "older vLLM reads it instead of layout.ROLE.moeA2aBackend, which rules and memory are computed from",
                "remove it and write layout.ROLE.moeA2aBackend",
            ),
            "VLLM_MOE_DP_CHUNK_SIZE": (
                "it is set from layout.ROLE.maxDispatchTokensPerRank where vLLM reads it, and DeepEP's buffers are of "
                "that size",
                "remove it and write layout.ROLE.maxDispatchTokensPerRank",
            ),
            "VLLM_DEEPEP_BUFFER_SIZE_MB": ("the plan counts buffers of vLLM's own size, 1024 MB", "remove it"),
        }
    )
    components: ClassVar[Mapping[str, Role]] = MappingProxyType({"backend": Role.DECODE, "prefill": Role.PREFILL})
    exchange_of_groups: ClassVar[str] = "all-gather and reduce-scatter"
    """``allgather_reducescatter`` is the default of vLLM's ``--all2all-backend``."""
    longer_context: ClassVar[str | None] = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
    each_pod_registers: ClassVar[bool] = True
    """With hybrid load balancing, which the operator requests, the data-parallel ranks of each node are one worker to
    Dynamo (``dynamo/vllm/dp_topology.py``)."""

    @property
    def flags(self) -> FlagTable:
        return flag_table(self.version)

    @property
    def log(self) -> LogFormat:
        return FORMAT

    @property
    def command(self) -> tuple[str, ...]:
        return command.COMMAND

    def args(self, settings: Settings, role: Role, layout: RoleLayout) -> tuple[str, ...]:
        path = model_path(settings.model, settings.model_cache)
        return command.engine_args(role, layout, settings.model, path, settings.workers.trust_remote_code)

    def reading(self, role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int) -> RoleReading:
        from wideep.engines.vllm.reading import role_reading

        return role_reading(role, said, env, gpus_per_node, self.flags.keys)

    def env(self, role: Role, layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
        return command.engine_env(role, layout, self.version)

    def family(self, family: ModelFamily) -> Family:
        return FAMILIES[family]

    def never(self, role: Role, key: str) -> Reason | None:
        return NEVER.get(key)

    def rules(self) -> EngineRules:
        from wideep.engines.vllm.rules import RULES

        return RULES

    def shares(self, role: RoleLayout) -> Shares:
        return memory.shares(role)

    def memory(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
        return memory.worker_memory(model, gpu, name, role, self.version)

    def headroom(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
        return memory.headroom(model, name, role, self.version)

    def prefill_chunk(self, gpu: GpuSpec, role: RoleLayout | None = None) -> int:
        return command.batched_tokens(Role.PREFILL, role) * role.dp if role else command.PREFILL_TOKENS

    def graph_batch(self, gpu: GpuSpec, name: Role, role: RoleLayout) -> int:
        return memory.graph_batch(name, role)
