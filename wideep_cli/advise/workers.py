"""Questions about one worker and their answers. Only ``advise.estimator`` deals in the estimator's own terms."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from wideep.parallelism import attention_tp, expert_tp
from wideep.settings.backend import Backend
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import Role, RoleLayout

__all__ = ["Caveat", "Series", "Step", "WorkerQuestion", "worker_question"]


class Caveat(StrEnum):
    """Why a figure is less reliable than the others."""

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
        """Return the caveat's text for an engine; the value itself, which is stored in files, names SGLang."""
        return self.value.replace("SGLang", engine)


class Frozen(BaseModel):
    """Base class of models that are compared by value and stay equal after a round trip through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkerQuestion(Frozen):
    """One worker of one role. Layouts that agree in these fields have the same answer."""

    gpu: GpuKind
    role: Role
    attention_tp: int
    """The number of GPUs of one attention group."""
    dp: int
    expert_tp: int
    ep: int
    nodes: int
    deepep: bool
    eplb: bool
    backend: Backend = Backend.SGLANG

    @property
    def gpus(self) -> int:
        """The number of GPUs of the worker."""
        return self.attention_tp * self.dp

    @property
    def key(self) -> str:
        """The key of the question in the cache."""
        engine = "" if self.backend is Backend.SGLANG else f"{self.backend} "
        return (
            f"{engine}{self.gpu} {self.role} {self.nodes} nodes attention TP{self.attention_tp} DP{self.dp} "
            f"experts TP{self.expert_tp} EP{self.ep}{' deepep' * self.deepep}{' eplb' * self.eplb}"
        )


class Step(Frozen):
    """The prediction for one batch size."""

    batch: int
    """Requests of one attention group."""
    milliseconds: float
    """Prefill: the time to a request's first token, with queueing. Decode: the time between two tokens."""
    requests_per_second: float
    """Requests/s of one worker, less what prefill and decode lose by waiting for each other."""
    memory_gb: float
    """Memory in GB on one GPU, by the estimator's count."""
    fits: bool
    """True if the batch fits in memory by the estimator's count."""


class Series(Frozen):
    """All steps of one worker, ascending by batch; or why there are none."""

    steps: tuple[Step, ...] = ()
    weights_gb: float = 0.0
    """Weights in GB on one GPU, by the estimator's count."""
    caveats: tuple[Caveat, ...] = ()
    no_data: str | None = None


def worker_question(gpu: GpuKind, role: Role, layout: RoleLayout, backend: Backend = Backend.SGLANG) -> WorkerQuestion:
    """Return the question about one worker of a role. The layout's divisions must be exact (``wideep.rules``)."""
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
