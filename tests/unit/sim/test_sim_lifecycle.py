"""A simulation can always be ended, and says so when there is none."""

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sim import paths
from sim.cluster import lifecycle, process


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SIM_ID", "ended")
    return paths.cluster_dir()


def test_down_without_a_simulation_does_nothing() -> None:
    assert not lifecycle.down(Console(file=io.StringIO()))


@pytest.mark.parametrize("content", ["{}", "not JSON", None])
def test_down_ends_even_a_simulation_whose_file_cannot_be_read(folder: Path, content: str | None) -> None:
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    left = process.start(sleep, cluster="ended", log=folder / "log", env=os.environ)
    if content is not None:
        (folder / "cluster.json").write_text(content)
    assert lifecycle.down(Console(file=io.StringIO()))
    assert not process.alive(left)
    assert not folder.exists()
