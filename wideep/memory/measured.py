"""Memory figures from public logs of engines, next to what the plan computes for the same layout.

``python -m wideep.memory.measured`` prints the table in docs/performance.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from wideep.catalog.gpus import GPUS
from wideep.catalog.models import MODELS
from wideep.engines import engine, engine_of
from wideep.gpus.spec import GIB
from wideep.memory.worker import GpuMemory
from wideep.settings.backend import Backend
from wideep.settings.experts import DeepEpMode, MoeA2aBackend
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Role, RoleLayout

__all__ = ["MEASURED", "Measured", "measured_table"]


@dataclass(frozen=True)
class Measured:
    """What an engine logged for one GPU: "mem usage" of the load in GiB, and "#tokens" of the KV cache."""

    name: str
    source: str
    model: str
    gpu: Gpu
    role: RoleLayout
    weights_gib: float | None = None
    tokens: int | None = None
    vllm: str | None = None
    """The version of vLLM that wrote the log. None: SGLang did, or only weights are compared, which are the same."""
    why: str = ""
    """Why the plan deviates more than the tolerance allows; completes a sentence that begins with "this version"."""

    @property
    def planned(self) -> GpuMemory:
        """The plan's memory for the same layout."""
        runs_on = engine(Backend.VLLM, self.vllm) if self.vllm else engine_of()
        return runs_on.memory(MODELS[self.model], GPUS[self.gpu], Role.DECODE, self.role)

    @property
    def planned_weights_gib(self) -> float:
        """The plan's weights, in GiB."""
        return self.planned.parts.total / GIB

    @property
    def planned_tokens(self) -> int:
        """The plan's KV cache, in tokens."""
        return self.planned.kv_cache_tokens


def _plain(gpus: int, fraction: float = 0.8) -> RoleLayout:
    return RoleLayout(replicas=1, nodes=1, gpus_per_node=gpus, tp=gpus, dp=1, ep=1, mem_fraction_static=fraction)


def _dep(gpus: int, fraction: float) -> RoleLayout:
    return _plain(gpus, fraction).model_copy(update={"dp": gpus, "ep": gpus})


_DEP8 = RoleLayout(
    replicas=1,
    nodes=1,
    gpus_per_node=8,
    tp=8,
    dp=8,
    ep=8,
    redundant_experts=32,
    moe_a2a_backend=MoeA2aBackend.DEEPEP,
    deepep_mode=DeepEpMode.LOW_LATENCY,
    moe_dense_tp=1,
    dp_lm_head=True,
    mem_fraction_static=0.846,
)

MEASURED = (
    Measured(
        "DeepSeek-R1, DEP8, DeepEP, 32 redundant, 0.846, 8 × H200",
        "sgl-project/sglang#6017",
        "deepseek-ai/DeepSeek-R1",
        Gpu.H200,
        _DEP8,
        105.59,
        161_488,
    ),
    Measured(
        "Qwen3-235B-A22B-FP8, TP4, 0.93, 4 × H100",
        "vllm-project/vllm#21348 (SGLang)",
        "Qwen/Qwen3-235B-A22B-FP8",
        Gpu.H100_80,
        _plain(4, 0.93),
        tokens=367_404,
    ),
    Measured(
        "Qwen3-30B-A3B in bf16, one H100",
        "sgl-project/sglang#18263",
        "Qwen/Qwen3-30B-A3B",
        Gpu.H100_80,
        _plain(1),
        56.98,
    ),
    Measured(
        "DeepSeek-V3, TP8",
        "sgl-project/sglang#3416, HabanaAI/vllm-fork#809",
        "deepseek-ai/DeepSeek-V3",
        Gpu.H200,
        _plain(8),
        79.41,
    ),
    Measured(
        "DeepSeek-R1, TP8, 0.82, 8 × H200",
        "ai-dynamo/aisimulate#263 (about 509,000)",
        "deepseek-ai/DeepSeek-R1",
        Gpu.H200,
        _plain(8, 0.82),
        tokens=509_000,
    ),
    Measured(
        "gpt-oss-120b in MXFP4, one H100, vLLM",
        "users' logs (64.4 to 66.0)",
        "openai/gpt-oss-120b",
        Gpu.H100_80,
        _plain(1),
        65.2,
    ),
    Measured(
        "Qwen3-30B-A3B in bf16, TP4, vLLM 0.8.5, 4 × A10",
        "vllm-project/vllm#17327",
        "Qwen/Qwen3-30B-A3B",
        Gpu.H100_80,
        _plain(4, 0.9),
        14.2474,
    ),
    Measured(
        "Qwen3-Coder-480B-A35B-FP8, DEP8, 0.9, 8 × 141 GB Hopper, vLLM 0.10.1.dev101",
        "vllm-project/recipes#12",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8",
        Gpu.H200,
        _dep(8, 0.9),
        tokens=205_728,
        vllm="0.10.1",
        why="likely frees the experts' memory before it samples; 0.16 and later keep it (v1/worker/workspace.py)",
    ),
    Measured(
        "the same, 0.95",
        "vllm-project/recipes#12",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8",
        Gpu.H200,
        _dep(8, 0.95),
        tokens=235_296,
        vllm="0.10.1",
    ),
    Measured(
        "Qwen3-235B-A22B-FP8, TP4, 0.9, 4 × H100, vLLM 0.10 or older with LMCache",
        "vllm-project/vllm#21348 (vLLM, July 2025)",
        "Qwen/Qwen3-235B-A22B-FP8",
        Gpu.H100_80,
        _plain(4, 0.9),
        tokens=178_880,
        vllm="0.10.0",
        why="took NCCL's 1.8 to 4.5 GiB out of the share (vllm-project/vllm#10511, #25359), here 2.3; 0.16 and later "
        "measure after NCCL has them",
    ),
)


def measured_table() -> str:
    """Return the table as Markdown, followed by the logs by number and the reasons for larger deviations."""
    head = ("", "layout", "weights, GiB", "off", "KV tokens per GPU", "off")
    rows = [head, ("---:", *("---",) * 5), *(_row(number, case) for number, case in enumerate(MEASURED, 1))]
    logs = "; ".join(f"{number} {case.source}" for number, case in enumerate(MEASURED, 1))
    notes = [f"- Row {number}: this version {case.why}." for number, case in enumerate(MEASURED, 1) if case.why]
    return "\n".join((*(f"| {' | '.join(row)} |" for row in rows), "", f"- Logs: {logs}.", *notes))


def _row(number: int, case: Measured) -> tuple[str, ...]:
    weights = _both(case.weights_gib, case.planned_weights_gib, ".2f")
    return (str(number), case.name, *weights, *_both(case.tokens, case.planned_tokens, ","))


def _both(measured: float | None, planned: float, form: str) -> tuple[str, str]:
    """Return the log's and the plan's figures, and the plan's relative deviation."""
    if measured is None:
        return "–", "–"
    return f"{measured:{form}} / {planned:{form}}", f"{planned / measured - 1:+.1%}".replace("%", " %")


if __name__ == "__main__":
    print(measured_table())
