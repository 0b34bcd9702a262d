"""Prometheus' own promtool, of the simulation's tools or this machine: checks rules, evaluates queries on given
series."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from sim.tools.catalog import PROMETHEUS
from sim.tools.find import find
from tests.support.process import run

__all__ = ["NEEDS_PROMTOOL", "evaluation", "promtool", "run_tests"]


def _promtool() -> str | None:
    beside = find(PROMETHEUS)
    return str(beside.with_name("promtool")) if beside else shutil.which("promtool")


PROMTOOL: Final = _promtool()
NEEDS_PROMTOOL: Final = pytest.mark.skipif(PROMTOOL is None, reason="no promtool: python -m sim tools gets it")


def promtool(*words: str, at: Path) -> None:
    """Run promtool in a folder; fail with its output if it fails."""
    assert PROMTOOL is not None
    run(PROMTOOL, *words, cwd=at)


def evaluation(series: Mapping[str, str], queries: Sequence[str], *, empty: bool) -> dict[str, Any]:
    """Return a promtool test: after an hour of these series, with one value a minute, each query must have a result, or
    with ``empty`` none."""
    expected = [] if empty else [{"labels": "{}", "value": 1}]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": f"count({query}) > bool 0", "eval_time": "60m", "exp_samples": expected} for query in queries
        ],
    }


def run_tests(at: Path, tests: Sequence[Mapping[str, Any]], rules: str | None = None) -> None:
    """Run such tests with promtool."""
    suite = {"rule_files": [rules] if rules else [], "evaluation_interval": "1m", "tests": list(tests)}
    (at / "tests.yaml").write_text(json.dumps(suite), encoding="utf-8")
    promtool("test", "rules", "tests.yaml", at=at)
