"""`wideep bench` with NVIDIA's own AIPerf, against the frontend of a graph on the simulated cluster."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sim.state import Cluster
from tests.support.wideep import Wideep

AIPERF = Path(sys.prefix).parent / ".venv-bench" / "bin" / "aiperf"

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(2000),
    pytest.mark.skipif(not AIPERF.exists(), reason="AIPerf is not installed (make setup-bench)"),
]


@pytest.fixture(scope="module")
def tokenizer(cluster: Cluster) -> Path:
    """That of the simulation's model, which nobody can download."""
    return cluster.agent_dir / "model"


def test_two_loads_are_measured_kept_drawn_and_compared(wideep: Wideep, tokenizer: Path, tmp_path: Path) -> None:
    wideep = replace(wideep, seconds=900)  # AIPerf takes minutes to start on a busy machine
    load = ("bench", "--isl", "60", "--osl", "20", "--tokenizer", str(tokenizer))
    kept, drawn = tmp_path / "first.json", tmp_path / "plot.svg"

    first = wideep(*load, "--concurrency", "1,4", "--save", str(kept), "-o", "json")
    second = wideep(*load, "--concurrency", "4", "--compare", str(kept), "--plot", str(drawn))

    assert first.code == 0, first.err
    points = first.json["result"]["points"]
    assert [(point["concurrency"], point["requests"], point["failed"]) for point in points] == [(1, 10, 0), (4, 16, 0)]
    for point in points:
        assert 0 < point["ttft_ms"] <= point["ttft_p99_ms"]
        assert 0 < point["itl_ms"] <= point["itl_p99_ms"]
        assert point["tokens_per_second_per_gpu"] == pytest.approx(point["tokens_per_second"] / 16)
    assert second.code == 0, second.err
    assert "tokens/s before" in second.out
    assert drawn.read_text().count("<circle") == 3
