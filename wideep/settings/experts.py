"""How tokens reach their experts (DeepEP), and how experts move to where the tokens are (EPLB)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["DeepEpMode", "DispatchAlgorithm", "Eplb", "EplbAlgorithm", "MoeA2aBackend", "RecorderMode"]


class MoeA2aBackend(StrEnum):
    """How tokens reach their experts: DeepEP's all-to-all, or (none) all-reduce and all-gather."""

    NONE = "none"
    DEEPEP = "deepep"


class DeepEpMode(StrEnum):
    """DeepEP's kernels: ``normal`` moves many tokens (prefill), ``low_latency`` few and fast (decode)."""

    NORMAL = "normal"
    LOW_LATENCY = "low_latency"
    AUTO = "auto"


class EplbAlgorithm(StrEnum):
    """How the balancer places experts (SGLang's ``--eplb-algorithm``)."""

    AUTO = "auto"
    DEEPSEEK = "deepseek"
    DEEPSEEK_HIERARCHICAL = "deepseek_hierarchical"
    DEEPSEEK_VEC = "deepseek_vec"
    DEEPSEEK_VEC_HIERARCHICAL = "deepseek_vec_hierarchical"


class DispatchAlgorithm(StrEnum):
    """Which copy of a replicated expert a token is sent to (SGLang's ``--ep-dispatch-algorithm``)."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class RecorderMode(StrEnum):
    """What is recorded of the experts' use (SGLang's ``--expert-distribution-recorder-mode``)."""

    STAT = "stat"
    STAT_APPROX = "stat_approx"
    PER_PASS = "per_pass"
    PER_TOKEN = "per_token"


class Eplb(SettingsModel):
    """The expert-parallel load balancer: hot experts get further slots while the engine runs."""

    enabled: bool = False
    algorithm: EplbAlgorithm | None = None
    rebalance_iterations: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    dispatch_algorithm: DispatchAlgorithm | None = None
    recorder_mode: RecorderMode | None = None
    initial_expert_location: str | None = None
