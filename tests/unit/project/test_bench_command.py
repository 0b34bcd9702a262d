"""`make bench` prints what it measured in this run, beside the command that gives each figure."""

from __future__ import annotations

import json
import subprocess

import pytest

import bench.command
from bench import __main__ as page


def test_each_table_names_the_command_that_gives_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench.command, "run", lambda words: (0.2, 0.1) if "plan" in words else (0.9, 0.5))
    monkeypatch.setattr(page.os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    page.main(["--rounds", "1"])
    said = capsys.readouterr().out
    assert "| `wideep plan` | 200 | 100 | 300 (reached) |" in said
    assert "| `wideep --help` | 900 | 500 | 150 (missed, 6.0 ×) |" in said
    assert "`python bench/command.py`" in said
    for gpus in page.GPUS:
        assert f"| {gpus:,} | " in said
    assert "ms per 1,000 GPUs" in said


def test_a_busy_machine_misses_no_target() -> None:
    assert page.verdict(900, 300, load=1000.0) == "the machine is too busy to tell"
    assert page.verdict(200, 300, load=1000.0) == "reached"


def test_what_other_measurements_print_becomes_their_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    preview = {f"{name}{unit}": 3.0 for name in ("prod", "empty", "dev_and_prod") for unit in ("_s", "_cpu_s")}
    life = {"graphs": 2, "up": {"wall_s": 40, "one_median_s": 20.5, "sim_mb": 900}, "lost": []}
    mine = {"preview": 3.0, "up": 16.5, "up with nothing to do": 5.0, "destroy": 9.0}
    compared = {
        "stack": mine,
        "empty": mine,
        "one of each plugin": mine,
        "by hand": mine,
        "stack to by hand": {"up": 1.1},
    }
    answers = {
        "preview.py": preview | {"prod_to_empty": 1.5, "prod_to_empty_cpu": 1.6},
        "bench.load": life,
        "bench.life": compared,
    }

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        (said,) = (answer for name, answer in answers.items() if name in " ".join(command))
        return subprocess.CompletedProcess(command, 0, json.dumps(said))

    monkeypatch.setattr(page.subprocess, "run", run)
    assert "| prod ÷ empty | 1.5 × | 1.6 × |" in page.previews(1)
    assert "| up | 16.5 | 16.5 | 16.5 | 16.5 | 1.1 |" in page.life(1)
    assert "| 2 | up | 40 | 20.5 | 900 |" in page.graphs([2])
