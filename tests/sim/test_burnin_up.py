"""The burn-in as a part of `pulumi up` on the simulated cluster: a slow GPU stops it before the graph."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from sim.kubelet.burnin import SLOW
from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.conftest import Run
from tests.sim.graph import NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.sim.test_burnin import is_clean, left
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = pytest.mark.cluster

FIGURES = ("get", "configmap", "-n", NAMESPACE, "-l", "app.kubernetes.io/managed-by=wideep", "-o", "name")


@pytest.fixture(scope="module")
def stack(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A graph of one node, with the burn-in in its `up`."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    write_stack(folder, "burn", **SMALL, burnin={"enabled": True})
    stack = Pulumi(cluster, folder, "burn").create()
    stack.kubectl("annotate", "node", "gpu-0", f"{SLOW}=3")
    yield stack
    stack.kubectl("annotate", "node", "gpu-0", f"{SLOW}-")
    stack.kubectl("uncordon", "gpu-0")
    stack("destroy", "--yes", "--skip-preview")


def up(stack: Pulumi, *, fails: bool = False) -> str:
    """What `pulumi up` says."""
    return stack("up", "--yes", "--skip-preview", fails=fails)


def test_ctrl_c_while_the_nodes_are_measured_leaves_nothing_of_it(
    stack: Pulumi, run: Run, sim_env: dict[str, str]
) -> None:
    command = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", "burn", "--non-interactive"],
        cwd=stack.folder,
        env=sim_env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - also where these tests run in the background
    )
    end = time.monotonic() + 120
    while not left(run):
        assert time.monotonic() < end
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)

    assert command.wait(120) != 0
    assert is_clean(run)


def test_a_slow_gpu_stops_up_before_the_graph_with_its_node_and_what_to_do(stack: Pulumi, run: Run) -> None:
    said = up(stack, fails=True)

    assert "gpu-0 GPU 3: memory bandwidth 2.14 TB/s, 50 % under the median of 16 (4.27 TB/s)" in said
    assert "so the graph is not made" in said
    assert not stack.kubectl("get", "dgd", "-A", "-o", "name")
    assert is_clean(run)
    advice = re.search(r"(kubectl cordon gpu-0), then run `pulumi up` again", said)
    assert advice
    stack.kubectl(*advice[1].split()[1:])


def test_with_the_node_cordoned_the_others_are_measured_and_up_goes_on(stack: Pulumi) -> None:
    said = up(stack)

    assert "gpu-0: skipped (cordoned)." in said
    assert "burn-in: measured, and as it should be: gpu-1." in said
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
    assert "burn-in: measured, and as it should be: gpu-0." in said


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
