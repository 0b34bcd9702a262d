"""`make demo`, what it says to try next, and `make demo-down`, as typed by somebody new to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sim import paths
from sim.demo import STACK, TRY_MONITORING, try_next
from tests.conftest import ROOT
from tests.sim.conftest import Run
from tests.support.process import run

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

REFUSED = {"pulumi preview"}
FOUND = "✗"
TRIED = try_next(STACK, "deepseek-r1", monitored=False)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout, as git makes it: the demo's stack file can be compared with its commit, and restored."""
    folder = tmp_path_factory.mktemp("clone") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    for command in (["init", "-q"], ["add", "Pulumi.demo.yaml"], ["commit", "-q", "-m", "stack"]):
        run(*git, *command, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def typed(clone: Path) -> Iterator[Run]:
    """Runs a command line in the clone."""
    name = f"d{os.environ.get('SIM_ID') or paths.cluster_id()}"
    env = os.environ | {"SIM_ID": name, "PULUMI_SKIP_CONFIRMATIONS": "true"}
    shell = partial(run, "bash", "-c", cwd=clone, env=env, seconds=600)
    yield shell
    shell("make demo-down", fails=None)


def test_the_demo_ends_with_an_answer_and_with_what_to_try_next(typed: Run) -> None:
    printed = typed("make demo").text
    assert "Mixture-of-Experts models activate only a few experts" in printed
    assert "[urn=" not in printed, "a summary of what is created, not every property"
    assert all(command in printed for command, _ in TRIED)


def test_everything_that_the_demo_says_to_try_does_what_it_says(clone: Path, typed: Run) -> None:
    after_fault = False
    for command, _ in TRIED:
        printed = typed("make shell", given=f"{command}\necho exit code $?\n").text
        failed = command in REFUSED or (after_fault and command.startswith("wideep doctor"))
        assert ("exit code 0" not in printed) == failed, printed
        if command.startswith("wideep doctor"):
            assert (FOUND in printed) == after_fault, printed
        if command in REFUSED:
            assert "hardware has 10 × 8 = 80" in printed
        after_fault = command.startswith("python -m sim fault") and "clear" not in command
    assert (clone / "placement.svg").read_text().startswith("<?xml")


def test_monitoring_shows_the_demo_on_a_page(clone: Path, typed: Run) -> None:
    if "prometheus: " not in typed(f"{sys.executable} -m sim tools").text:
        pytest.skip("this machine has no Prometheus: `python -m sim tools` says why")
    for command, _ in TRY_MONITORING:
        printed = typed("make shell", given=f"{command}\necho exit code $?\n").text
        assert "exit code 0" in printed, printed
    page = (clone / "dashboards.html").read_text()
    assert page.count("<polyline") > page.count("no data")


def test_the_demos_end_leaves_nothing(typed: Run) -> None:
    printed = typed("make demo-down").text
    assert "Nothing is left: namespace deepseek-r1 and all in it are gone." in printed
    assert "nothing is left of it" in printed


@pytest.mark.long
def test_the_demo_runs_the_lab_on_its_own_release(typed: Run) -> None:
    assert "Mixture-of-Experts models" in typed("make demo RELEASE=0.6.0").text
    assert "Nothing is left: namespace dynamo-workshop" in typed("make demo-down").text


def test_the_demo_names_the_releases_that_are_simulated() -> None:
    done = run(sys.executable, "-m", "sim.demo", "up", "--release", "1.5.1", fails=True)
    assert done.code == 1
    assert "1.5.1 is not simulated" in done.out
    assert "1.6.1 or 0.6.0" in done.out
