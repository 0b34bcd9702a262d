"""Each rule of a role, broken once: what the message says, and what mends it. By topic, as ``wideep.rules`` are."""

from __future__ import annotations

from tests.support.broken_rules import deepep, experts, fit, parallel, pipeline, quantization, speculative
from tests.support.broken_rules.broken import QWEN, Broken, stack_of

__all__ = ["CASES", "QWEN", "Broken", "stack_of"]

CASES = (
    *parallel.CASES,
    *quantization.CASES,
    *experts.CASES,
    *deepep.CASES,
    *fit.CASES,
    *pipeline.CASES,
    *speculative.CASES,
)
