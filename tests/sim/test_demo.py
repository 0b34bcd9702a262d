"""`make demo`, what it says to try next, and `make demo-down`, as typed by somebody new to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import paths
from sim.demo import TRY_MONITORING, TRY_NEXT
from tests.support.project import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

REFUSED = {"pulumi preview"}
FOUND = "✗"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout, as git makes it: the demo's stack file can be compared with its commit, and restored."""
    folder = tmp_path_factory.mktemp("clone") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    for command in (["init", "-q"], ["add", "Pulumi.demo.yaml"], ["commit", "-q", "-m", "stack"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def typed(clone: Path) -> Iterator[Typed]:
    name = f"d{os.environ.get('SIM_ID') or paths.cluster_id()}"
    run = Typed(clone, os.environ | {"SIM_ID": name, "PULUMI_SKIP_CONFIRMATIONS": "true"})
    yield run
    run("make demo-down", check=False)


class Typed:
    """A command line of the clone, as a person types it."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self._env = folder, env

    def __call__(self, command: str, *, given: str = "", check: bool = True) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._env,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout


def test_the_demo_ends_with_an_answer_and_with_what_to_try_next(typed: Typed) -> None:
    printed = typed("make demo")
    assert "Mixture-of-Experts models activate only a few experts" in printed
    assert "[urn=" not in printed, "a summary of what is created, not every property"
    assert all(command in printed for command, _ in TRY_NEXT)


def test_everything_that_the_demo_says_to_try_does_what_it_says(typed: Typed) -> None:
    after_fault = False
    for command, _ in TRY_NEXT:
        printed = typed("make shell", given=f"{command}\necho exit code $?\n")
        failed = command in REFUSED or (after_fault and command.startswith("wideep doctor"))
        assert ("exit code 0" not in printed) == failed, printed
        if command.startswith("wideep doctor"):
            assert (FOUND in printed) == after_fault, printed
        if command in REFUSED:
            assert "hardware has 10 × 8 = 80" in printed
        after_fault = command.startswith("python -m sim fault") and "clear" not in command
    assert (typed.folder / "placement.svg").read_text().startswith("<?xml")


def test_monitoring_shows_the_demo_on_a_page(typed: Typed) -> None:
    if "prometheus: " not in typed(f"{sys.executable} -m sim tools"):
        pytest.skip("this machine has no Prometheus: `python -m sim tools` says why")
    for command, _ in TRY_MONITORING:
        printed = typed("make shell", given=f"{command}\necho exit code $?\n")
        assert "exit code 0" in printed, printed
    page = (typed.folder / "dashboards.html").read_text()
    assert page.count("<polyline") > page.count("no data")


def test_the_demos_end_leaves_nothing(typed: Typed) -> None:
    printed = typed("make demo-down")
    assert "Nothing is left: namespace deepseek-r1 and all in it are gone." in printed
    assert "nothing is left of it" in printed


@pytest.mark.long
def test_the_demo_runs_the_lab_on_its_own_release(typed: Typed) -> None:
    assert "Mixture-of-Experts models" in typed("make demo RELEASE=0.6.0")
    assert "Nothing is left: namespace dynamo-workshop" in typed("make demo-down")


def test_the_demo_names_the_releases_that_are_simulated() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim.demo", "up", "--release", "1.5.1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "1.5.1 is not simulated" in done.stdout
    assert "1.6.1 or 0.6.0" in done.stdout
