"""Published runs of wide EP, each with the hardware's bound. Each run measured one phase alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wideep.catalog.layouts import PRESETS
from wideep.catalog.models import MODELS
from wideep.dynamo.releases import newest_tried
from wideep.engines import engine
from wideep.roofline import decode_bound, prefill_bound
from wideep.roofline.step import StepBound
from wideep.settings.backend import Backend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.traffic import Traffic

__all__ = ["MODEL", "RUNS", "Run", "Why", "title"]

MODEL = MODELS["deepseek-ai/DeepSeek-R1"]
PREFILL_TOKENS = 16_384
"""Tokens of a prefill step on one GPU in SGLang's report. vLLM's does not state it; the bound hardly depends on it."""


class Why(StrEnum):
    """Why a prediction is missing or differs from the measurement."""

    OVERLAP = (
        "Run with two-batch overlap, which hides the all-to-all behind computation. The estimator adds up both times: "
        "with `twoBatchOverlap: true` expect more than the prediction."
    )
    ONE_NODE = (
        "Predicted with SGLang's kernels. The estimator expects more per GPU of one node than of two, because the "
        "all-to-all stays on NVLink; the report has less. Why is not known."
    )
    BORROWED = (
        "Predicted with SGLang's kernels, because the estimator has none of vLLM's through DeepEP between nodes. How "
        "much of the difference is the engine's and how much the estimator's is not known."
    )
    UNMEASURED = (
        "The estimator has no measurements of this EP: between nodes it has EP 16, 32 and 64 only, on H100 and H200."
    )


@dataclass(frozen=True)
class Run:
    """One published measurement of one phase."""

    backend: Backend
    gpu: Gpu
    role: Role
    ep: int
    gpus_per_node: int
    isl: int
    osl: int
    """Tokens of an answer; for a prefill run 2, the fewest that a traffic may have."""
    batch: int
    """Requests (decode) or prompts (prefill) per GPU."""
    measured: float
    """Tokens/s per GPU: of prompts for prefill, of answers for decode."""
    why: Why

    @property
    def nodes(self) -> int:
        """Nodes of the worker."""
        return self.ep // self.gpus_per_node

    @property
    def traffic(self) -> Traffic:
        """The traffic of the measurement."""
        return Traffic(isl=self.isl, osl=self.osl)

    @property
    def layout(self) -> RoleLayout:
        """The worker: one attention group and one expert group per GPU, as in all of these reports."""
        wide = PRESETS[Preset.WIDE_104GPU][self.role]
        sizes = {"tp": self.ep, "dp": self.ep, "ep": self.ep, "nodes": self.nodes, "gpus_per_node": self.gpus_per_node}
        return wide.model_copy(update=sizes)

    @property
    def tokens(self) -> int:
        """Tokens per request that count for the phase."""
        return self.isl if self.role is Role.PREFILL else self.osl

    @property
    def bound(self) -> StepBound:
        """The roofline's bound of a step."""
        bounds = prefill_bound if self.role is Role.PREFILL else decode_bound
        return bounds(MODEL, self.gpu, self.layout, self.batch, self.traffic)

    @property
    def most(self) -> float:
        """Tokens/s per GPU that no software can exceed."""
        return self.bound.requests_per_second * self.tokens / self.ep

    @property
    def worker(self) -> str:
        """Engine, expert parallelism and hardware."""
        return f"{title(self.backend)} EP{self.ep}, {self.nodes} × {self.gpus_per_node} {self.gpu}"


def title(backend: Backend) -> str:
    """Return an engine's display name."""
    return engine(backend, newest_tried().engines[backend.value]).title


def _sglang_prefill(isl: int, per_node: float) -> Run:
    batch = PREFILL_TOKENS // isl
    return Run(Backend.SGLANG, Gpu.H100_80, Role.PREFILL, 32, 8, isl, 2, batch, per_node / 8, Why.OVERLAP)


def _vllm_prefill(ep: int, measured: float, why: Why) -> Run:
    return Run(Backend.VLLM, Gpu.H200, Role.PREFILL, ep, 8, 2000, 2, PREFILL_TOKENS // 2000, measured, why)


def _vllm_decode(ep: int, measured: float, why: Why) -> Run:
    return Run(Backend.VLLM, Gpu.H200, Role.DECODE, ep, 8, 2000, 2000, 256, measured, why)


RUNS = (
    # lmsys.org/blog/2025-05-05-large-scale-ep, the batch of decode from sgl-project/sglang#6017
    _sglang_prefill(1000, 57_674),
    _sglang_prefill(2000, 54_543),
    _sglang_prefill(4000, 50_302),
    Run(Backend.SGLANG, Gpu.H100_80, Role.DECODE, 72, 8, 2000, 200, 256, 22_282 / 8, Why.UNMEASURED),
    # lmsys.org/blog/2025-06-16-gb200-part-1
    Run(Backend.SGLANG, Gpu.GB200, Role.DECODE, 48, 4, 2000, 200, 768, 7_583, Why.UNMEASURED),
    # blog.vllm.ai/2025/12/17/large-scale-serving.html, read off its charts
    _vllm_prefill(8, 6_500, Why.ONE_NODE),
    _vllm_prefill(16, 7_000, Why.BORROWED),
    _vllm_prefill(32, 5_100, Why.BORROWED),
    _vllm_decode(32, 2_180, Why.BORROWED),
    _vllm_decode(72, 2_070, Why.UNMEASURED),
    _vllm_decode(96, 1_970, Why.UNMEASURED),
    # vllm-project/vllm#29284
    Run(Backend.VLLM, Gpu.H200, Role.DECODE, 32, 8, 1, 512, 512, 2_387, Why.BORROWED),
)
"""Runs of SGLang and vLLM, with the places where they were published."""
