"""A stack of another engine is told of its own: SGLang is named only as what to take in its place."""

from __future__ import annotations

import pytest

from tests.support.broken_rules import CASES, Broken
from tests.support.broken_rules.trtllm import TRTLLM
from tests.support.broken_rules.vllm import VLLM
from tests.support.configs import broken

MEANT = ("backend: sglang", "on SGLang only", "it is SGLang's", "one of DeepEP's modes, and SGLang in both")


@pytest.mark.parametrize("engine", [VLLM, TRTLLM], ids=["vllm", "trtllm"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{case.preset}-{case.role}")
def test_a_refusal_names_no_other_engine_unless_it_is_the_remedy(case: Broken, engine: dict[str, object]) -> None:
    other = "prefill" if case.role == "decode" else "decode"
    rest = {key: value for key, value in (case.stack | engine).items() if value is not None}
    layout = {"preset": case.preset, case.role: case.change, other: rest.pop(f"layout.{other}", {})}
    told = "\n".join(broken(layout, **rest).values())
    for meant in MEANT:
        told = told.replace(meant, "")
    assert "sglang" not in told.lower()
