"""`wideep burnin` on the simulated cluster, whose pods print what healthy H200 reached, or half of it for one GPU."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sim.env import environment
from sim.kubelet.burnin import ECC, LOST_ADAPTER, NO_RDMA, RAIL_ONLY, SLOW, SLOW_ADAPTER
from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.conftest import Run
from tests.sim.graph import NAMESPACE
from tests.support.process import interrupt, run, wait_for
from tests.support.wideep import Wideep

pytestmark = pytest.mark.cluster

IMAGE = {"image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep:0.6.0"}}
"""One that the simulation takes for pulled."""
HOLDER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "theirs", "namespace": "default"},
    "spec": {
        "nodeName": "gpu-1",
        "containers": [{"name": "c", "image": "busybox", "resources": {"limits": {"nvidia.com/gpu": "2"}}}],
    },
}


@pytest.fixture(scope="module")
def wideep(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wideep]:
    """The command, for a stack of which only the namespace is there."""
    folder = copy_project(tmp_path_factory.mktemp("project"))
    write_stack(folder, "burnin", **IMAGE)
    command = Wideep(cluster, folder, "burnin", columns=1000)
    run("kubectl", "create", "namespace", NAMESPACE, env=command.env)
    yield command
    run("kubectl", "delete", "namespace", NAMESPACE, env=command.env)


def left(run: Run) -> str:
    """Jobs of burn-ins, and their pods."""
    return run(
        "kubectl", "get", "jobs,pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=wideep-burnin", "-o", "name"
    ).out


def wait_until_clean(run: Run) -> None:
    """The cluster deletes pods after their Job."""
    wait_for(lambda: not left(run), "nothing of a burn-in is left", 30)


@pytest.fixture
def slow_node(run: Run) -> Iterator[str]:
    """A node whose GPU 3 is slow."""
    run("kubectl", "annotate", "node", "gpu-0", f"{SLOW}=3")
    yield "gpu-0"
    run("kubectl", "annotate", "node", "gpu-0", f"{SLOW}-")


@pytest.fixture
def taken_node(run: Run) -> Iterator[str]:
    """A node on which somebody has GPUs."""
    run("kubectl", "apply", "-f", "-", given=json.dumps(HOLDER))
    yield "gpu-1"
    run("kubectl", "delete", "pod", "theirs", "-n", "default", "--force")


def test_free_nodes_are_measured_together_and_nothing_stays(wideep: Wideep, run: Run) -> None:
    said = wideep("burnin", "--quick", "-o", "json")

    assert (said.code, said.json["findings"], said.json["skipped"]) == (0, [], [])
    assert {line["what"] for line in said.json["lines"]} >= {"memory", "send", "transport", "done"}
    assert {"gpu-0", "gpu-1"} <= {line["to_node"] for line in said.json["lines"] if line["what"] == "send"}
    wait_until_clean(run)


def test_a_slow_gpu_is_named_with_its_node(wideep: Wideep, slow_node: str) -> None:
    said = wideep("burnin", "--nodes", slow_node)

    assert said.code == 1
    assert f"! {slow_node} GPU 3: memory bandwidth 2.14 TB/s, 50 % under the median of 8 (4.27 TB/s)" in said.out


def test_ecc_errors_and_a_node_without_rdma_are_named(wideep: Wideep, run: Run) -> None:
    run("kubectl", "annotate", "node", "gpu-1", f"{ECC}=5", f"{NO_RDMA}=true")

    said = wideep("burnin", "--quick")

    run("kubectl", "annotate", "node", "gpu-1", f"{ECC}-", f"{NO_RDMA}-")
    assert said.code == 1
    assert "! gpu-1 GPU 5: 2 uncorrected ECC errors since the driver started." in said.out
    assert "! gpu-1: NCCL used TCP instead of RDMA" in said.out


@pytest.mark.parametrize(
    ("fault", "fact"),
    [
        (SLOW_ADAPTER, "! gpu-1 GPU 3: all its 8 links are slow (down to 15 GB/s, the median is 45 GB/s)."),
        (LOST_ADAPTER, "! gpu-1: 7 RDMA ports, where other nodes have 8 ("),
        (RAIL_ONLY, "! the network: connects only adapters of the same rail (all 8 pairs of the same rail answer"),
    ],
)
def test_a_fault_of_the_network_is_named(wideep: Wideep, run: Run, fault: str, fact: str) -> None:
    run("kubectl", "annotate", "node", "gpu-1", f"{fault}=3")

    said = wideep("burnin")

    run("kubectl", "annotate", "node", "gpu-1", f"{fault}-")
    assert (said.code, fact in said.out) == (1, True), said.out


def test_a_node_with_taken_gpus_is_skipped_with_who_has_them(wideep: Wideep, taken_node: str) -> None:
    said = wideep("burnin", "--only", "memory")

    assert said.code == 0
    assert f"? {taken_node}: skipped (2 of 8 GPUs are taken: default/theirs (2))." in said.out


def test_with_the_printed_role_a_service_account_may_measure(wideep: Wideep, cluster: Cluster, run: Run) -> None:
    run("kubectl", "create", "serviceaccount", "measurer", "-n", NAMESPACE)
    printed = wideep("rbac", "--burnin", "--service-account", "measurer", "-o", "json").out
    run("kubectl", "apply", "-f", "-", given=printed)
    token = run("kubectl", "create", "token", "measurer", "-n", NAMESPACE).out.strip()
    config = yaml.safe_load(Path(environment(cluster)["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    kubeconfig = wideep.folder / "measurer.yaml"
    kubeconfig.write_text(yaml.safe_dump(config))

    said = replace(wideep, kubeconfig=str(kubeconfig))("burnin", "--nodes", "gpu-1")

    run("kubectl", "delete", "-f", "-", given=printed)
    assert (said.code, "may not" in said.err) == (0, False), said.err
    wait_until_clean(run)


def test_on_a_cluster_without_free_gpus_nothing_is_made_and_it_says_who_has_them(
    wideep: Wideep, run: Run, taken_node: str
) -> None:
    run("kubectl", "cordon", "gpu-0")

    said = wideep("burnin")

    run("kubectl", "uncordon", "gpu-0")
    assert said.code == 1
    assert "No GPU node is free, so there is nothing to measure." in said.err
    assert f"{taken_node}: skipped (2 of 8 GPUs are taken: default/theirs (2))." in said.err
    assert "gpu-0: skipped (cordoned)." in said.err
    assert not left(run)


def test_a_pod_that_never_starts_is_told_with_its_reason_and_goes(wideep: Wideep, cluster: Cluster, run: Run) -> None:
    image = {"source": "existing", "reference": f"{cluster.registry_alias}/nothing@sha256:{'0' * 64}"}
    write_stack(wideep.folder, "lost", image=image)

    said = replace(wideep, stack="lost")("burnin", "--nodes", "gpu-1")

    assert said.code == 1
    assert "! gpu-1: nothing was measured (ImagePullBackOff: Back-off pulling image" in said.out
    wait_until_clean(run)


def test_ctrl_c_in_the_middle_leaves_nothing(wideep: Wideep, run: Run) -> None:
    command = wideep.command("burnin")
    assert interrupt(*command, cwd=wideep.folder, env=wideep.env, when=lambda: left(run)) != 0
    wait_until_clean(run)
