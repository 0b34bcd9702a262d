"""A stack is switched from SGLang to vLLM on the simulated cluster, whose workers then answer; one spans two nodes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.pulumi import Pulumi
from tests.support.platform_v1 import CRDS, GROVE_CRDS
from tests.support.process import run
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]

NAMESPACE = "engines"
CONFIG: dict[str, Any] = {
    **SMALL,
    "namespace": NAMESPACE,
    "hardware": {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"},
    "platform": {"version": "1.6.1", "charts": "sim/charts/1.6.1"},
    "layout": {"preset": "lab-8gpu", "decode": {"nodes": 2, "gpusPerNode": 4, "tp": 8, "dp": 8, "ep": 8}},
}


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A stack on SGLang, whose worker spans two nodes."""
    made = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "engines", **CONFIG)
    try:
        with made.deployed(NAMESPACE):
            yield made
    finally:
        made.kubectl("delete", "crd", "--ignore-not-found", *GROVE_CRDS, *CRDS)  # 0.6.0's cannot take their place


@pytest.fixture(scope="module")
def wideep(stack: Pulumi) -> Wideep:
    return Wideep(stack.cluster, stack.folder, stack.stack)


def test_the_diff_says_what_a_switch_changes_and_vllm_answers_after_it(stack: Pulumi, wideep: Wideep) -> None:
    assert wideep("status", "-o", "json").json["frontend"]["workers"] == {"prefill": 1, "decode": 1}
    before = stack.folder / "Pulumi.before.yaml"
    before.write_text((stack.folder / "Pulumi.engines.yaml").read_text())
    write_stack(stack.folder, "engines", **CONFIG, backend="vllm")

    command = (sys.executable, "-m", "wideep_cli.main", "plan", "--diff", before.name, "Pulumi.engines.yaml")
    assert "engine: SGLang 0.5.21 → vLLM 0.31.0" in run(*command, cwd=stack.folder, env=wideep.env, fails=None).out

    stack("up", "--yes", "--skip-preview")
    answer = wideep("smoke", "-o", "json").json
    assert answer["holds"] is True
    status = wideep("status", "-o", "json").json
    assert (status["state"], status["frontend"]["workers"]) == ("ready", {"prefill": 1, "decode": 1})
    assert "--data-parallel-hybrid-lb --data-parallel-size-local 4" in " ".join(_args_of_a_decode_pod(stack))


def test_each_node_of_the_worker_loads_in_vllms_words(wideep: Wideep) -> None:
    lines = wideep("logs", "--role", "decode", "--grep", "init engine", "-o", "json").json["lines"]
    assert len({line["place"] for line in lines}) == 2


def test_when_nobody_uses_the_crds_of_1_6_the_printed_command_makes_room_for_those_of_0_6_0(stack: Pulumi) -> None:
    stack("destroy", "--yes", "--skip-preview")
    write_stack(stack.folder, "older", **SMALL, namespace="older", platform={"charts": "sim/charts"})
    older = Pulumi(stack.cluster, stack.folder, "older").create()

    said = older("preview", fails=True)
    assert re.search(r"status\.storedVersions is \[(v1alpha1, )?v1beta1\]", said)  # both, where 0.6.0 was there before
    delete = next(line.split() for line in said.splitlines() if line.strip().startswith("kubectl delete crd"))
    stack.kubectl(*delete[1:])
    assert "storedVersions" not in older("preview")


def _args_of_a_decode_pod(stack: Pulumi) -> list[str]:
    label = "nvidia.com/dynamo-component-type=decode"
    pods = json.loads(stack.kubectl("get", "pods", "-n", NAMESPACE, "-l", label, "-o", "json"))["items"]
    return pods[0]["spec"]["containers"][0]["args"]
