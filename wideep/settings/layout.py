"""``layout``: a preset, or how the GPUs are split into prefill and decode workers and the experts over them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["DeepEpMode", "Eplb", "Layout", "MoeA2aBackend", "Preset", "Role", "RoleLayout", "RoleOverrides"]

Count = Annotated[int, Field(ge=1, le=4096)]
Fraction = Annotated[float, Field(gt=0, lt=1, strict=False)]


class Role(StrEnum):
    """The two sorts of workers of a disaggregated graph."""

    PREFILL = "prefill"
    DECODE = "decode"


class Preset(StrEnum):
    """A layout of the catalog (``wideep.catalog.layouts`` has its numbers)."""

    LAB_8GPU = "lab-8gpu"
    LAB_16GPU_SINGLENODE = "lab-16gpu-singlenode"
    LAB_16GPU_MULTINODE = "lab-16gpu-multinode"
    LAB_32GPU = "lab-32gpu"
    WIDE_32GPU = "wide-32gpu"
    WIDE_64GPU = "wide-64gpu"
    WIDE_104GPU = "wide-104gpu"


class MoeA2aBackend(StrEnum):
    """How tokens reach their experts: DeepEP's all-to-all, or (none) all-reduce and all-gather."""

    NONE = "none"
    DEEPEP = "deepep"


class DeepEpMode(StrEnum):
    """DeepEP's kernels: ``normal`` moves many tokens (prefill), ``low_latency`` few and fast (decode)."""

    NORMAL = "normal"
    LOW_LATENCY = "low_latency"
    AUTO = "auto"


class Eplb(SettingsModel):
    """The expert-parallel load balancer: hot experts get further slots while the engine runs."""

    enabled: bool = False


class RoleLayout(SettingsModel):
    """One role's workers, with nothing left open."""

    replicas: Count
    """Workers of this role."""
    nodes: Count
    """Pods of one worker, each on a node of its own."""
    gpus_per_node: Count
    """GPUs of one pod."""
    tp: Count
    dp: Count
    ep: Count
    redundant_experts: Annotated[int, Field(ge=0, le=65536)] = 0
    moe_a2a_backend: MoeA2aBackend = MoeA2aBackend.NONE
    deepep_mode: DeepEpMode = DeepEpMode.AUTO
    eplb: Eplb = Eplb()
    mem_fraction_static: Fraction = 0.8
    extra_args: tuple[str, ...] = ()
    """Further arguments of the engine, appended as they stand."""

    @property
    def gpus_per_worker(self) -> int:
        """GPUs of one worker, over all its pods."""
        return self.nodes * self.gpus_per_node


class RoleOverrides(SettingsModel):
    """What a stack changes of a preset's role, or all of a role where there is no preset."""

    replicas: Count | None = None
    nodes: Count | None = None
    gpus_per_node: Count | None = None
    tp: Count | None = None
    dp: Count | None = None
    ep: Count | None = None
    redundant_experts: Annotated[int, Field(ge=0, le=65536)] | None = None
    moe_a2a_backend: MoeA2aBackend | None = None
    deepep_mode: DeepEpMode | None = None
    eplb: Eplb | None = None
    mem_fraction_static: Fraction | None = None
    extra_args: tuple[str, ...] | None = None


class Layout(SettingsModel):
    """A layout written out, or a preset with what differs from it."""

    preset: Preset | None = None
    prefill: RoleOverrides = RoleOverrides()
    decode: RoleOverrides = RoleOverrides()
