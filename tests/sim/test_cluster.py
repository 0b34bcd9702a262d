"""The simulated cluster: a real control plane with the stack's nodes, on loopback, that repairs and removes itself."""

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
import yaml

from sim import paths
from sim.cluster import process
from sim.state import Cluster, load
from tests.sim.conftest import Run, sim
from tests.support.process import wait_for

pytestmark = pytest.mark.cluster


def pod(name: str, gpus: int) -> str:
    limits = {"nvidia.com/gpu": gpus, "cpu": "1"}
    container = {"name": "main", "image": "registry.example.com/x", "resources": {"limits": limits}}
    return json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}
    )


def claim(name: str) -> str:
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}}
    return json.dumps({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec})


def states(cluster: str) -> dict[str, str]:
    shown = sim(cluster, "status", "--output", "json", fails=None).json
    return {component["name"]: component["state"] for component in shown["components"]}


def test_every_part_runs_and_status_says_so(cluster: Cluster) -> None:
    assert set(states(cluster.id).values()) == {"running"}


def test_its_nodes_are_ready_and_have_the_gpus_of_the_stacks_hardware(cluster: Cluster, run: Run) -> None:
    config = yaml.safe_load((paths.PROJECT / "Pulumi.sim.yaml").read_text())["config"]
    hardware = config["dynamo-wideep:hardware"]
    nodes = run("kubectl", "get", "nodes", "--output", "json").json["items"]
    gpus = [node["status"]["allocatable"].get("nvidia.com/gpu", "0") for node in nodes]
    assert sorted(gpus) == sorted([str(hardware["gpusPerNode"])] * hardware["nodes"] + ["0", "0"])
    for node in nodes:
        assert {"type": "Ready", "status": "True"}.items() <= node["status"]["conditions"][0].items()


def test_it_has_as_many_gpu_nodes_as_are_asked_for_and_then_those_of_the_stack_again(
    cluster: Cluster, run: Run
) -> None:
    def gpu_nodes() -> set[str]:
        return set(run("kubectl", "get", "nodes", "--selector=nvidia.com/gpu.present", "--output=name").out.split())

    usual = gpu_nodes()
    sim(cluster.id, "up", "--nodes", "5")
    many = gpu_nodes()
    sim(cluster.id, "up")

    assert many == {f"node/gpu-{number}" for number in range(5)}
    assert gpu_nodes() == usual


def test_nothing_of_it_listens_on_other_addresses_than_loopback(cluster: Cluster) -> None:
    current = load(cluster.file)
    assert current is not None
    processes = [psutil.Process(known.pid) for known in current.processes.values()]
    processes += [child for parent in processes for child in parent.children(recursive=True)]
    listening = {
        connection.laddr.ip
        for one in processes
        for connection in one.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening <= {"127.0.0.1", "::1"}
    assert listening


def test_the_real_scheduler_places_what_fits_and_leaves_the_rest_pending(run: Run) -> None:
    run("kubectl", "create", "namespace", "scheduling")
    try:
        for number in range(3):
            run("kubectl", "apply", "--namespace", "scheduling", "--filename", "-", given=pod(f"gpus-{number}", 8))
        placed = "jsonpath={range .items[*]}{.spec.nodeName}{'\\n'}{end}"

        def nodes() -> list[str]:
            return sorted(run("kubectl", "get", "pods", "-n", "scheduling", "-o", placed).out.split())

        wait_for(lambda: nodes() == ["gpu-0", "gpu-1"], "two pods have a node each", 20)
    finally:
        run("kubectl", "delete", "namespace", "scheduling", "--wait=true")


def test_a_claim_is_bound_to_a_volume_of_its_size_that_goes_with_it(run: Run) -> None:
    run("kubectl", "apply", "--filename", "-", given=claim("cache"))
    run("kubectl", "wait", "pvc/cache", "--for=jsonpath={.status.phase}=Bound", "--timeout=20s")
    volume = run("kubectl", "get", "pvc", "cache", "-o", "jsonpath={.spec.volumeName} {.status.capacity.storage}").out
    name, size = volume.split()
    assert size == "1Ti"
    run("kubectl", "delete", "pvc", "cache")
    wait_for(lambda: run("kubectl", "get", "pv", name, fails=None).code == 1, "the volume is deleted", 20)


def test_the_registry_takes_an_image_and_gives_its_digest(cluster: Cluster, run: Run, tmp_path: Path) -> None:
    reference = f"{cluster.registry}/try:1"
    (tmp_path / "layer").write_text("x")
    run("tar", "-cf", str(tmp_path / "layer.tar"), "-C", str(tmp_path), "layer")
    run("crane", "append", "--insecure", "-f", str(tmp_path / "layer.tar"), "-t", reference)
    assert run("crane", "digest", "--insecure", reference).out.startswith("sha256:")


def test_a_second_up_finds_everything_running(cluster: Cluster) -> None:
    before = load(cluster.file)
    assert "everything was running already" in sim(cluster.id, "up").out
    after = load(cluster.file)
    assert before is not None
    assert after is not None
    assert {name: p.pid for name, p in before.processes.items()} == {name: p.pid for name, p in after.processes.items()}


def test_up_starts_again_what_was_killed_and_nothing_else(cluster: Cluster, run: Run) -> None:
    run("kubectl", "create", "configmap", "kept", "--from-literal=a=b")
    current = load(cluster.file)
    assert current is not None
    killed = ("etcd", "kube-scheduler", "registry")
    for name in killed:
        os.kill(current.processes[name].pid, signal.SIGKILL)

    def ended() -> set[str]:
        return {name for name, state in states(cluster.id).items() if state == "not running"}

    wait_for(lambda: ended() == set(killed), "they have ended", 20)
    said = sim(cluster.id, "up").out
    assert f"started {', '.join(killed)}\n" in said
    assert set(states(cluster.id).values()) == {"running"}
    assert run("kubectl", "get", "configmap", "kept", "-o", "jsonpath={.data.a}").out == "b"
    run("kubectl", "delete", "configmap", "kept")


def test_another_clones_simulation_comes_and_goes_without_disturbing_this_one(cluster: Cluster) -> None:
    other = f"{cluster.id}b"
    try:
        sim(other, "up")
        theirs = load(paths.cluster_dir(other) / "cluster.json")
        assert theirs is not None
        assert not set(theirs.ports.model_dump().values()) & set(cluster.ports.model_dump().values())
    finally:
        sim(other, "down")
    assert not paths.cluster_dir(other).exists()
    assert not any(process.alive(known) for known in theirs.processes.values())
    assert "no simulated cluster" in sim(other, "down").out
    assert set(states(cluster.id).values()) == {"running"}


def test_every_process_carries_the_mark_by_which_down_finds_what_it_does_not_know(cluster: Cluster) -> None:
    current = load(cluster.file)
    assert current is not None
    marks = {name: psutil.Process(known.pid).environ().get(process.MARK) for name, known in current.processes.items()}
    assert set(marks.values()) == {cluster.id}, marks


def test_without_a_cluster_status_and_env_say_how_to_get_one() -> None:
    for command in ("status", "env"):
        done = sim("none", command, fails=True)
        assert done.code == 1
        assert "-m sim up" in done.err


def test_a_stack_that_does_not_exist_is_one_sentence_and_starts_nothing() -> None:
    done = sim("none", "up", "--stack", "prud", fails=True)
    assert done.code == 1
    assert "no stack 'prud'" in done.err
    assert "Traceback" not in done.err
    assert not paths.cluster_dir("none").exists()
