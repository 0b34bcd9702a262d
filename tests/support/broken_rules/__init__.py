"""Each rule of a role, broken once: what the message says, and what fixes it. Grouped by topic as ``wideep.rules``."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.broken_rules import (
    deepep,
    experts,
    fit,
    parallel,
    pipeline,
    quantization,
    speculative,
    trtllm,
    vllm,
)
from tests.support.broken_rules.broken import QWEN, Broken
from wideep.settings.backend import Backend

__all__ = ["QWEN", "SUITES", "Broken", "Suite"]


@dataclass(frozen=True)
class Suite:
    """The rules of one engine, and the keys that its stacks need."""

    cases: tuple[Broken, ...]
    stack: dict[str, object] = field(default_factory=dict[str, object])
    room: dict[str, object] = field(default_factory=dict[str, object])
    """Keys of both roles with which all other rules hold."""

    def keys(self, case: Broken, change: dict[str, object], further: dict[str, object]) -> dict[str, object]:
        """Return a stack's keys with ``change`` in the case's role; ``further`` may contain the other role's layout."""
        rest = {**self.stack, **case.stack, **further}
        other = "prefill" if case.role == "decode" else "decode"
        roles = {case.role: self.room | change, other: self.room | rest.pop(f"layout.{other}", {})}
        return {"layout": {"preset": case.preset, **roles}, **rest}


SGLANG = (
    *parallel.CASES,
    *quantization.CASES,
    *experts.CASES,
    *deepep.CASES,
    *fit.CASES,
    *pipeline.CASES,
    *speculative.CASES,
)
SUITES = {
    Backend.SGLANG: Suite(SGLANG),
    Backend.VLLM: Suite(vllm.CASES, vllm.VLLM, {"memFractionStatic": 0.9}),
    Backend.TRTLLM: Suite(trtllm.CASES, trtllm.TRTLLM),
}
"""For engines other than SGLang: the rules that SGLang does not have."""
