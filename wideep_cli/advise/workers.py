"""What is asked about one worker, and what is answered. The estimator's terms stay behind ``advise.estimator``."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from wideep.parallelism import attention_tp, expert_tp
from wideep.settings.backend import Backend
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import Role, RoleLayout

__all__ = ["Caveat", "Series", "Step", "WorkerQuestion", "worker_question"]


class Caveat(StrEnum):
    """Why a figure is worth less than the others."""

    ONE_NODE = "traffic between nodes is estimated from measurements within one node"
    DEEPEP_FOR_NONE = (
        "experts span nodes without DeepEP, which was never measured: estimated from measurements with DeepEP"
    )
    KV_FP8 = "the KV cache is assumed to be FP8, and SGLang keeps it in bf16"
    CHUNKS = (
        "prompts are assumed to be whole, and SGLang splits them: an attention group's share of its chunk is shorter"
    )
    SLOTS = "redundant experts count in memory; what they do for balance is taken from EPLB in general"
    OVERLAP = (
        "two-batch overlap is not predicted: published runs with it filled 1.3 to 1.4 times as fast as predicted "
        "(docs/performance.md)"
    )

    def of(self, engine: str) -> str:
        """Of a worker on this engine: the value, which is kept in files, is of SGLang."""
        return self.value.replace("SGLang", engine)


class Frozen(BaseModel):
    """Base: compared by value, the same again after a trip through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkerQuestion(Frozen):
    """One worker of one role. Two layouts that differ in nothing else have one answer."""

    gpu: GpuKind
    role: Role
    attention_tp: int
    """GPUs of one attention group."""
    dp: int
    expert_tp: int
    ep: int
    nodes: int
    deepep: bool
    eplb: bool
    backend: Backend = Backend.SGLANG

    @property
    def gpus(self) -> int:
        """GPUs of the worker."""
        return self.attention_tp * self.dp

    @property
    def key(self) -> str:
        """As it is kept in the cache."""
        engine = "" if self.backend is Backend.SGLANG else f"{self.backend} "
        return (
            f"{engine}{self.gpu} {self.role} {self.nodes} nodes attention TP{self.attention_tp} DP{self.dp} "
            f"experts TP{self.expert_tp} EP{self.ep}{' deepep' * self.deepep}{' eplb' * self.eplb}"
        )


class Step(Frozen):
    """One batch size."""

    batch: int
    """Requests of one attention group."""
    milliseconds: float
    """Prefill: until a request's first token, waiting included. Decode: between two tokens."""
    requests_per_second: float
    """Of one worker, with what prefill and decode lose when they are matched."""
    memory_gb: float
    """On one GPU, as the estimator counts it."""
    fits: bool
    """By the estimator's count."""


class Series(Frozen):
    """All batch sizes of one worker, ascending; or why there are none."""

    steps: tuple[Step, ...] = ()
    weights_gb: float = 0.0
    """On one GPU, as the estimator counts them."""
    caveats: tuple[Caveat, ...] = ()
    no_data: str | None = None


def worker_question(gpu: GpuKind, role: Role, layout: RoleLayout, backend: Backend = Backend.SGLANG) -> WorkerQuestion:
    """The question about one worker of a role. The layout's divisions must be exact (``wideep.rules``)."""
    return WorkerQuestion(
        gpu=gpu,
        role=role,
        attention_tp=attention_tp(layout),
        dp=layout.dp,
        expert_tp=expert_tp(layout),
        ep=layout.ep,
        nodes=layout.nodes,
        deepep=layout.deepep,
        eplb=layout.deepep and layout.eplb.enabled,
        backend=backend,
    )
