"""What acts on a stack's own cluster: nothing without a stack's name, and destroy does what was asked of the weights.

`pulumi` and `kubectl` are stand-ins that note how they were called. What the real ones do is in tests/sim.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support import process
from tests.support.process import Said

LIVE = sorted(set(re.findall(r"^(live-[a-z]+(?: live-[a-z]+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE)))
TARGETS = [*" ".join(LIVE).split(), "comment"]
VERBS = re.findall(r"^([a-z]+)\)$", (ROOT / "ci" / "live.sh").read_text(), re.MULTILINE)
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
"stack export "*) echo '{"deployment": {}}' ;;
"config get namespace "*) echo dynamo-prod ;;
"get pvc "*) [ -z "$KEPT" ] || echo persistentvolumeclaim/model-cache-pvc ;;
"get namespaces "*) [ -z "$KEPT" ] || echo namespace/dynamo-prod ;;
"get pods,pvc "*) [ -z "$OTHERS" ] || echo "$OTHERS" ;;
esac
"""
Run = Callable[..., Said]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where the stand-ins note their calls."""
    file = tmp_path / "calls"
    file.write_text("")
    return file


@pytest.fixture
def run(tmp_path: Path, calls: Path) -> Run:
    """Runs a command of the project's folder with only these variables set."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("pulumi", "kubectl"):
        (bin_ / name).write_text(STAND_IN)
        (bin_ / name).chmod(0o755)

    env = {"PATH": f"{bin_}:{os.environ['PATH']}", "HOME": str(tmp_path), "CALLS": str(calls)}
    return lambda *command, **variables: process.run(*command, env=env | variables, seconds=60, fails=None)


def test_all_live_verbs_are_found() -> None:
    assert len(TARGETS) == 6
    assert {target.removeprefix("live-") for target in TARGETS} - {"comment"} == set(VERBS)


@pytest.mark.parametrize("target", TARGETS)
def test_without_a_stack_nothing_is_done(run: Run, calls: Path, target: str) -> None:
    done = run("make", target)
    assert done.code != 0
    assert "Nothing was done: STACK is not set." in done.err
    assert "Name one stack: STACK=NAME (here: demo dev prod sim)" in done.err
    assert calls.read_text() == ""


@pytest.mark.parametrize(
    "stack",
    ["", " ", "dev prod", "--help", "prod/", "/prod", "a/b/prod", "prod\ndev", "prod;id", "-s", "o/--x", "nosuch"],
)
@pytest.mark.parametrize(
    "script", [["live.sh", "destroy"], ["live.sh", "up"], ["comment.sh"], ["weights.sh", "delete"]]
)
def test_what_names_no_stack_of_this_folder_is_refused(run: Run, calls: Path, script: list[str], stack: str) -> None:
    name, *verb = script
    done = run("sh", f"ci/{name}", *verb, stack, CONFIRM=stack)
    assert done.code == 2
    assert done.err.startswith("Nothing was done: ")
    assert calls.read_text() == ""


@pytest.mark.parametrize("script", ["live.sh", "comment.sh", "weights.sh"])
def test_a_script_without_any_argument_says_the_same(run: Run, calls: Path, script: str) -> None:
    done = run("sh", f"ci/{script}")
    assert (done.code, calls.read_text()) == (2, "")
    assert "STACK is not set" in done.err


def test_a_first_up_that_may_outlast_its_job_is_warned_of_and_still_starts(run: Run, calls: Path) -> None:
    done = run("sh", "ci/live.sh", "up", "prod", JOB_MINUTES="360", DOCKER_HOST="tcp://10.0.0.1:2375")
    assert done.code == 0, done.err
    assert "the download 7 h 39 min" in done.err
    assert [call.split()[1] for call in calls.read_text().splitlines()] == ["stack", "up"]


def test_destroy_wants_the_name_twice_and_a_word_that_it_knows(run: Run, calls: Path) -> None:
    done = run("sh", "ci/live.sh", "destroy", "prod", CONFIRM="dev")
    assert "make live-destroy STACK=prod CONFIRM=prod" in done.err
    odd = run("sh", "ci/live.sh", "destroy", "prod", CONFIRM="prod", WEIGHTS="none")
    assert "WEIGHTS=none: write keep" in odd.err
    assert (done.code, odd.code, calls.read_text()) == (1, 2, "")


DESTROY = "pulumi destroy --stack {} --non-interactive --color never --refresh --yes --exclude-protected"


@pytest.mark.parametrize("stack", ["prod", "team/prod"])
def test_destroy_keeps_the_weights_and_says_how_they_are_deleted(run: Run, calls: Path, stack: str) -> None:
    done = run("sh", "ci/live.sh", "destroy", stack, CONFIRM=stack, KEPT="yes")
    assert done.code == 0, done.err
    assert f"make live-destroy STACK={stack} CONFIRM={stack} WEIGHTS=delete" in done.out
    made = calls.read_text().splitlines()
    assert made[0] == DESTROY.format(stack)
    assert "kubectl get pvc --namespace dynamo-prod --selector dynamo-wideep/stack=dynamo-wideep.prod" in made[-1]
    assert not [call for call in made if "delete" in call]


def test_weights_that_are_to_go_go_after_the_stack_and_with_their_namespace(run: Run, calls: Path) -> None:
    done = run("sh", "ci/live.sh", "destroy", "prod", CONFIRM="prod", WEIGHTS="delete", KEPT="yes")
    assert done.code == 0, done.err
    made = [call for call in calls.read_text().splitlines() if " get " not in call]
    assert made == [
        "pulumi state unprotect --stack prod --all --yes",
        DESTROY.format("prod"),
        "kubectl delete pvc --namespace dynamo-prod --selector dynamo-wideep/stack=dynamo-wideep.prod",
        "kubectl delete namespace dynamo-prod",
    ]


def test_a_namespace_that_holds_somebody_elses_objects_stays(run: Run, calls: Path) -> None:
    done = run("sh", "ci/weights.sh", "delete", "prod", KEPT="yes", OTHERS="pod/theirs")
    assert "Namespace dynamo-prod stays, because it holds what is not this stack's: pod/theirs" in done.out
    assert "delete namespace" not in calls.read_text()
