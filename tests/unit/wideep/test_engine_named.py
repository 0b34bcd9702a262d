"""A stack of another engine is told of its own: SGLang is named only as what to take in its place."""

from __future__ import annotations

import pytest

from tests.support.broken_rules import SUITES, Broken
from tests.support.configs import broken
from wideep.settings.backend import Backend

MEANT = ("backend: sglang", "on SGLang only", "an option of SGLang", "one of DeepEP's modes, and SGLang in both")


@pytest.mark.parametrize("engine", [Backend.VLLM, Backend.TRTLLM])
@pytest.mark.parametrize(
    "case", SUITES[Backend.SGLANG].cases, ids=lambda case: f"{case.rule}-{case.preset}-{case.role}"
)
def test_a_refusal_names_no_other_engine_unless_it_is_the_remedy(case: Broken, engine: Backend) -> None:
    other = "prefill" if case.role == "decode" else "decode"
    rest = {key: value for key, value in (case.stack | SUITES[engine].stack).items() if value is not None}
    layout = {"preset": case.preset, case.role: case.change, other: rest.pop(f"layout.{other}", {})}
    told = "\n".join(broken(layout, **rest).values())
    for meant in MEANT:
        told = told.replace(meant, "")
    assert "sglang" not in told.lower()
