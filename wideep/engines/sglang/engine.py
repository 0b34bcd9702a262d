"""The implementation of ``Engine`` for SGLang, through which all other code uses this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final

from wideep.catalog.gpus import GpuSpec
from wideep.download import model_path
from wideep.dynamo.api import Framework
from wideep.engines.base import Engine, EngineRules, ExpertRecorder, Family, ImageRecipe, LogFormat
from wideep.engines.flags import FlagTable, Reason
from wideep.engines.reading import RoleReading, SaidFlag
from wideep.engines.sglang import command, memory, metrics
from wideep.engines.sglang.families import family_of
from wideep.engines.sglang.flags import flag_table
from wideep.engines.sglang.log import RECORDER, log_format
from wideep.engines.versions import TAKE_OUT
from wideep.memory.headroom import Headroom
from wideep.memory.weights import Shares
from wideep.memory.worker import GpuMemory
from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role, RoleLayout
from wideep.settings.model import ModelFamily, ModelShape, WeightFormat
from wideep.settings.root import Settings

__all__ = ["Sglang"]

_DISPATCH: Final = (
    "it is set from layout.ROLE.maxDispatchTokensPerRank, and DeepEP's buffers are computed from that key",
    "remove it and write layout.ROLE.maxDispatchTokensPerRank",
)
OWNED_ENV: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        command.DISPATCH_VARIABLE: _DISPATCH,
        command.DISPATCH_VARIABLE.replace("SGLANG_", "SGL_"): _DISPATCH,
    }
)
"""Both spellings are owned: SGLang copies each ``SGL_X`` over ``SGLANG_X`` (``environ.py: _convert_SGL_to_SGLANG``)."""


class Sglang(Engine):
    """One release of SGLang."""

    framework: ClassVar[Framework] = "sglang"
    title: ClassVar[str] = "SGLang"
    step_outside_share = True
    longer_context: ClassVar[str | None] = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"
    weights_flag: ClassVar[str] = "--model-path"
    name_flag: ClassVar[str] = "--served-model-name"
    formats: ClassVar[frozenset[WeightFormat]] = frozenset(WeightFormat) - {WeightFormat.NVFP4}
    owned_env: ClassVar[Mapping[str, tuple[str, str]]] = OWNED_ENV
    components: ClassVar[Mapping[str, Role]] = MappingProxyType(
        {"backend": Role.DECODE, "decode": Role.DECODE, "prefill": Role.PREFILL}
    )

    @property
    def flags(self) -> FlagTable:
        return flag_table(self.version)

    @property
    def log(self) -> LogFormat:
        return log_format(self.version)

    @property
    def recorder(self) -> ExpertRecorder:
        return RECORDER

    @property
    def command(self) -> tuple[str, ...]:
        return command.COMMAND

    def args(self, settings: Settings, role: Role, layout: RoleLayout) -> tuple[str, ...]:
        path = model_path(settings.model, settings.model_cache)
        remote = settings.workers.trust_remote_code
        watched = metrics.metrics_args(self.version, layout) if settings.monitoring.enabled else ()
        return command.engine_args(role, layout, settings.model, path, remote, version=self.version, watched=watched)

    def reading(self, role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int) -> RoleReading:
        from wideep.engines.sglang.reading import role_reading

        return role_reading(role, said, env, gpus_per_node, self.flags.keys)

    def env(self, role: Role, layout: RoleLayout, hardware: Hardware) -> dict[str, str]:
        return command.engine_env(role, layout)

    @property
    def metrics_env(self) -> Mapping[str, str]:
        return metrics.metrics_env(self.version)

    @property
    def image(self) -> ImageRecipe:
        return ImageRecipe(
            dockerfile="container/Dockerfile.sglang-wideep",
            args={
                "SGLANG_IMAGE_TAG": f"v{self.version}",
                "BRANCH_TYPE": "local",  # without it, the Dockerfile installs the newest ai-dynamo
            },
        )

    def never(self, role: Role, key: str) -> Reason | None:
        from wideep.engines.sglang.rules.pipeline import one_stage_at_decode

        if role is Role.DECODE and key == "pp":
            return Reason(one_stage_at_decode(self), f"{TAKE_OUT}; only prefill may have pp")
        return None

    def family(self, family: ModelFamily) -> Family:
        return family_of(self.version, family)

    def rules(self) -> EngineRules:
        from wideep.engines.sglang.rules import rules_of

        return rules_of(self.version)

    def shares(self, role: RoleLayout) -> Shares:
        return memory.shares(role)

    def memory(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> GpuMemory:
        return memory.worker_memory(model, gpu, role)

    def headroom(self, model: ModelShape, gpu: GpuSpec, name: Role, role: RoleLayout) -> Headroom:
        return memory.headroom(model, gpu, name, role, self.version)

    def prefill_chunk(self, gpu: GpuSpec, role: RoleLayout | None = None) -> int:
        return memory.prefill_chunk(gpu, role)

    def graph_batch(self, gpu: GpuSpec, name: Role, role: RoleLayout) -> int:
        return memory.graph_batch(gpu, role)
