"""The burn-in as a part of `pulumi up` on the simulated cluster: a slow GPU stops it before the graph."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sim.kubelet.burnin import SLOW
from sim.sandbox import write_stack
from sim.state import Cluster
from tests.sim.conftest import Run
from tests.sim.graph import NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.sim.test_burnin import left, wait_until_clean
from tests.support.process import env_on, interrupt
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = pytest.mark.cluster

FIGURES = ("get", "configmap", "-n", NAMESPACE, "-l", "app.kubernetes.io/managed-by=wideep", "-o", "name")


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A graph of one node, with the burn-in in its `up`."""
    stack = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "burn", **SMALL, burnin={"enabled": True})
    stack.kubectl("annotate", "node", "gpu-0", f"{SLOW}=3")
    yield stack
    stack.kubectl("annotate", "node", "gpu-0", f"{SLOW}-")
    stack.kubectl("uncordon", "gpu-0")
    stack("destroy", "--yes", "--skip-preview")


def up(stack: Pulumi, *, fails: bool = False) -> str:
    """What `pulumi up` says."""
    return stack("up", "--yes", "--skip-preview", fails=fails)


def test_ctrl_c_while_the_nodes_are_measured_leaves_nothing_of_it(stack: Pulumi, run: Run) -> None:
    command = ("pulumi", "up", "--yes", "--skip-preview", "--stack", "burn", "--non-interactive")
    assert interrupt(*command, cwd=stack.folder, env=env_on(stack.cluster), when=lambda: left(run)) != 0
    wait_until_clean(run)


def test_a_slow_gpu_stops_up_before_the_graph_with_its_node_and_what_to_do(stack: Pulumi, run: Run) -> None:
    said = up(stack, fails=True)

    assert "gpu-0 GPU 3: memory bandwidth 2.14 TB/s, 50 % under the median of 16 (4.27 TB/s)" in said
    assert "so the graph is not made" in said
    assert not stack.kubectl("get", "dgd", "-A", "-o", "name")
    wait_until_clean(run)
    advice = re.search(r"(kubectl cordon gpu-0), then run `pulumi up` again", said)
    assert advice
    stack.kubectl(*advice[1].split()[1:])


def test_with_the_node_cordoned_the_others_are_measured_and_up_goes_on(stack: Pulumi) -> None:
    said = up(stack)

    assert "gpu-0: skipped (cordoned)." in said
    assert "burn-in: measured and within the limits: gpu-1." in said
    assert "burnin-nodes" not in stack.previews()


def test_what_was_measured_is_kept_with_what_fell_short(stack: Pulumi) -> None:
    [name] = stack.kubectl(*FIGURES).split()

    kept = stack.kubectl("get", name, "-n", NAMESPACE, "-o", r"jsonpath={.data.gpu-0} {.data.gpu-1}")

    assert '"memory":4.272e12' in kept.replace("4272000000000.0", "4.272e12")
    assert "gpu-0 GPU 3: memory bandwidth" in kept


def test_an_up_that_only_scales_measures_nothing_and_one_that_asks_leaves_the_running_graph(stack: Pulumi) -> None:
    write_stack(stack.folder, "burn", **SMALL, burnin={"enabled": True}, frontend={"replicas": 2})
    assert set(stack.previews()) <= {"graph-graph", "graph-ready", "burn"}
    stack.kubectl("annotate", "node", "gpu-0", f"{SLOW}-")
    stack.kubectl("uncordon", "gpu-0")
    write_stack(stack.folder, "burn", **SMALL, burnin={"enabled": True, "again": "after the repair"})

    said = up(stack)

    assert "gpu-1: skipped (8 of 8 GPUs are taken: this stack's graph (8))." in said
    assert "burn-in: measured and within the limits: gpu-0." in said


def test_plan_then_shows_what_the_measured_hardware_allows(stack: Pulumi) -> None:
    command = Wideep(stack.cluster, stack.folder, "burn", columns=1000)

    said = command("plan", "--measured")

    assert said.code == 0
    assert "The slowest GPU and link of 2 nodes (gpu-0, gpu-1;" in said.out
    assert "memory 4.27 TB/s, 0.89 of the data sheet" in said.out
    assert "decode: at most" in said.out


def test_doctor_then_says_that_the_graphs_node_is_as_it_was(stack: Pulumi) -> None:
    said = Wideep(stack.cluster, stack.folder, "burn", columns=1000)("doctor")

    assert "The graph's nodes (gpu-1) are as they were measured" in said.out
