"""`make demo`: two at once would meet in the state's lock, whose advice is not for a beginner; what to try after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import demo
from sim.errors import SimError
from sim.lock import locked


def test_a_second_demo_of_a_checkout_is_told_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(demo, "_up", lambda stack, diff: demo.up())

    with pytest.raises(SimError, match="Another `make demo` of this checkout is running: wait for it"):
        demo.up(release="", diff=False)


def test_what_to_try_is_of_the_stack_that_is_up() -> None:
    lab = [command for command, _ in demo.try_next("sim", "dynamo-workshop", monitored=True)]
    assert "python -m sim fault operator-down --on dynamo-workshop/dynamo-platform" in lab
    assert not [command for command in lab if "demo" in command or "replicas" in command or "monitoring" in command]
    best = [command for command, _ in demo.try_next("demo", "deepseek-r1", monitored=True)]
    assert "git checkout Pulumi.demo.yaml" in best
    assert "pulumi config set --path monitoring.enabled true" in best


def test_a_lock_is_free_again_when_its_holder_has_ended(tmp_path: Path) -> None:
    busy: list[str] = []
    for _ in range(2):
        with locked(tmp_path / "folder" / "lock", lambda: busy.append("busy")):
            pass
    assert busy == []
