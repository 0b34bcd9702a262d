"""The commands that messages advise, run as they are on a deployed stack (tests/support/advised.yaml); and the real
programs know the words and flags of all of them."""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml

from sim.env import environment
from sim.state import Cluster
from tests.sim.graph import GRAPH, NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.support.advised import TABLE
from tests.support.process import env_on, run

pytestmark = [pytest.mark.cluster, pytest.mark.long]

ROWS: dict[str, dict[str, str]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["commands"]
RUN = {kind: command for command, kind in {row["run"]: kind for kind, row in ROWS.items() if "run" in row}.items()}
"""Each once, though several rows may have the same."""
MAY_SAY_NO = ("auth can-i", "wideep adopt", "wideep eplb", "wideep network")
"""Commands whose exit code is an answer: no, not all is as the stack says."""
CHANGES = ("config set", "stack init", "delete", "restart", "pulumi up")
"""Run last, in this order: `pulumi up --refresh` puts right what the others did."""
REAL = ("pulumi", "kubectl", "helm")


@pytest.fixture(scope="module")
def names(stack: Pulumi) -> dict[str, str]:
    """What stands for the names in a command."""

    def first(kind: str, *more: str) -> str:
        return stack.kubectl("get", kind, "-n", NAMESPACE, "-o", "jsonpath={.items[0].metadata.name}", *more)

    operators = stack.kubectl("get", "deployments", "-n", NAMESPACE, "-o", "name").split()
    return {
        "namespace": NAMESPACE,
        "graph": GRAPH,
        "stack": stack.stack,
        "job": first("jobs"),
        "claim": "model-cache-pvc",
        "node": "gpu-0",
        "pod": first("pods", "-l", "nvidia.com/dynamo-sub-component-type=prefill"),
        "operator": next(name.rpartition("/")[2] for name in operators if name.endswith("controller-manager")),
    }


def _place(kind: str) -> int:
    return next((number for number, word in enumerate(CHANGES, 1) if word in RUN[kind]), 0)


@pytest.mark.parametrize("kind", sorted(RUN, key=_place))
def test_an_advised_command_works_as_it_is_written(stack: Pulumi, names: dict[str, str], kind: str) -> None:
    command = shlex.split(RUN[kind].format(**names))
    env = env_on(stack.cluster, PULUMI_STACK=stack.stack, PATH=_path(stack))
    said = run(*command, cwd=stack.folder, env=env, fails=None)
    good = (0, 1) if any(words in RUN[kind] for words in MAY_SAY_NO) else (0,)
    assert said.code in good, f"{command}\n{said.text}"
    assert "Traceback" not in said.text


@pytest.mark.parametrize("name", ["dev", "prod", "sim"])
def test_one_key_of_a_sample_stacks_layout_is_set_by_its_path(cluster: Cluster, tmp_path: Path, name: str) -> None:
    stack = Pulumi.new(cluster, tmp_path, name)
    file = stack.folder / f"Pulumi.{name}.yaml"
    preset = yaml.safe_load(file.read_text())["config"]["dynamo-wideep:layout"]["preset"]

    stack("config", "set", "--path", "layout.decode.replicas", "2")

    layout = yaml.safe_load(file.read_text())["config"]["dynamo-wideep:layout"]
    assert layout == {"preset": preset, "decode": {"replicas": 2}}


def _path(stack: Pulumi) -> str:
    return f"{stack.folder / '.venv' / 'bin'}:{environment(stack.cluster)['PATH']}"


@cache
def _help(path: str, *command: str) -> str:
    """`PATH` as the simulation has it."""

    def printed(*words: str) -> str:
        env = os.environ | {"PATH": path, "PULUMI_DEBUG_COMMANDS": "true"}  # as ci sets it, for --event-log
        return run(*words, env=env, fails=None).out

    # kubectl has those that every command takes on a page of their own
    return printed(*command, "--help") + (printed("kubectl", "options") if command[0] == "kubectl" else "")


@pytest.mark.parametrize("kind", [kind for kind in ROWS if kind.split()[0] in REAL])
def test_the_real_program_knows_the_words_and_flags(cluster: Cluster, kind: str) -> None:
    words = [word for word in kind.split() if not word.startswith("-")]
    said = next(
        text
        for depth in (3, 2)
        if "sage:" in (text := _help(environment(cluster)["PATH"], *words[:depth])) or depth == 2
    )
    flags = [word for word in kind.split() if word.startswith("-")]
    assert [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", said)] == []
