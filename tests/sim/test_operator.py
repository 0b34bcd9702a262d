"""The simulated operator keeps the contract of Dynamo 0.6.0: what it makes, what it refuses, and where it hangs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from sim.operator.contract import Manifest
from sim.state import Cluster
from tests.support.platform import Platform, a_graph, installed

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "operator-contract") as there:
        yield there


@pytest.fixture
def graph(platform: Platform) -> Iterator[Callable[..., Manifest]]:
    """Applies a graph; whatever a test leaves of it is taken away afterwards."""

    def apply(**changes: object) -> Manifest:
        manifest = a_graph(**changes)
        platform.apply(manifest)
        return manifest

    yield apply
    platform.revive()
    platform.delete_graphs()


def test_a_graph_becomes_ready_with_a_component_a_deployment_and_labelled_pods_for_each_service(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph()
    platform.wait_for_state("successful")
    components = platform.find("dcd")
    assert sorted(one["metadata"]["name"] for one in components) == ["sgl-decode", "sgl-frontend", "sgl-prefill"]
    assert all(one["metadata"]["finalizers"] == ["nvidia.com/finalizer"] for one in components)
    assert {one["metadata"]["name"] for one in platform.find("deployments")} >= {"sgl-decode", "sgl-prefill"}
    pods = platform.find("pods", "nvidia.com/dynamo-graph-deployment-name=sgl")
    assert sorted(one["metadata"]["labels"]["nvidia.com/dynamo-component-type"] for one in pods) == [
        "frontend",
        "worker",
        "worker",
    ]
    assert [one["metadata"]["name"] for one in platform.find("services", "nvidia.com/selector=sgl-frontend")] == [
        "sgl-frontend"
    ]
    assert platform.graph()["status"]["conditions"][0]["message"] == "All resources are ready"
    platform.rests("dgd", "dcd", "deployments", "services", "pods")


def test_more_replicas_are_added_beside_those_that_run(platform: Platform, graph: Callable[..., Manifest]) -> None:
    graph(decode_gpus="4")
    platform.wait_for_state("successful")
    before = {one["metadata"]["uid"] for one in platform.find("pods", "nvidia.com/dynamo-component=decode")}
    graph(decode_gpus="4", decode_replicas=2)
    platform.wait(lambda: len(platform.ready_pods("decode")) == 2, "two decode pods ready")
    assert before < {one["metadata"]["uid"] for one in platform.ready_pods("decode")}


def test_a_service_that_leaves_the_graph_leaves_its_deployment_behind(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph()
    platform.wait_for_state("successful")
    platform.kubectl("patch", "dgd", "sgl", "--type=merge", "-p", '{"spec":{"services":{"prefill":null}}}')
    time.sleep(2)
    assert "prefill" not in platform.graph()["spec"]["services"]
    assert [one["metadata"]["name"] for one in platform.find("deployments", "nvidia.com/selector=sgl-prefill")]


def test_a_rolling_update_waits_for_ever_where_all_gpus_are_in_use_and_recreate_does_not(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph()
    platform.wait_for_state("successful")
    graph(image="registry.example.com/worker:2")
    platform.wait(lambda: len(platform.pending_pods("decode")) == 1, "the new decode pod Pending")
    time.sleep(3)
    assert len(platform.pending_pods("decode")) == 1
    graph(image="registry.example.com/worker:3", strategy="Recreate")
    platform.wait(lambda: platform.images("decode") == {"registry.example.com/worker:3"}, "the new image everywhere")
    platform.wait_for_state("successful")


def test_without_the_mpi_secret_every_graph_fails_and_says_so_until_it_is_there(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    platform.kubectl("delete", "secret", "mpi-run-ssh-secret")
    graph()
    platform.wait_for_state("failed")
    assert "mpi-run-ssh-secret not found" in platform.graph()["status"]["conditions"][0]["message"]
    assert platform.find("dcd") == []
    platform.make_mpi_secret()
    platform.wait_for_state("successful")


def test_a_missing_token_secret_holds_the_pods_back_until_it_is_there(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph(secret="late-secret")
    platform.wait(lambda: platform.waiting_reasons("decode") == {"CreateContainerConfigError"}, "decode held back")
    platform.kubectl("create", "secret", "generic", "late-secret", "--from-literal=HF_TOKEN=x")
    platform.wait_for_state("successful")


def test_several_nodes_are_refused_without_grove(platform: Platform, graph: Callable[..., Manifest]) -> None:
    graph(decode_nodes=2)
    platform.wait_for_state("failed")
    assert platform.graph()["status"]["conditions"][0]["message"] == "no multinode orchestrator available"
    assert platform.find("pods", "nvidia.com/dynamo-graph-deployment-name=sgl") == []


def test_nothing_happens_to_a_new_graph_while_the_operator_is_down(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    platform.scale_operator(0)
    graph()
    time.sleep(2)
    assert "status" not in platform.graph()
    assert platform.find("dcd") == []
    platform.scale_operator(1)
    platform.wait_for_state("successful")


def test_a_deleted_graph_stays_while_the_operator_is_down_and_goes_when_it_is_back(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph()
    platform.wait_for_state("successful")
    platform.scale_operator(0)
    platform.kubectl("delete", "dgd", "sgl", "--wait=false")
    time.sleep(2)
    assert platform.graph()["metadata"]["deletionTimestamp"]
    assert len(platform.find("dcd")) == 3
    platform.scale_operator(1)
    platform.wait(platform.is_empty, "nothing left of the graph")


def test_components_keep_their_finalizer_while_the_operators_etcd_is_gone(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    graph()
    platform.wait_for_state("successful")
    platform.scale_etcd(0)
    platform.kubectl("delete", "dgd", "sgl", "--wait=false")
    time.sleep(2)
    assert all(one["metadata"]["finalizers"] == ["nvidia.com/finalizer"] for one in platform.find("dcd"))
    assert len(platform.find("dcd")) == 3
    assert "etcd" in json.dumps(platform.find("events"))
    platform.scale_etcd(1)
    platform.wait(platform.is_empty, "nothing left of the graph")


def test_the_children_of_a_graph_that_is_deleted_in_the_foreground_are_made_again(
    platform: Platform, graph: Callable[..., Manifest]
) -> None:
    # dynamo#8204. The garbage collector takes the graph away if it sees none of its children between two rounds, which
    # a busy machine can bring about; so the test keeps the graph there.
    graph()
    platform.wait_for_state("successful")
    platform.hold_graph()

    def children(kind: str) -> set[str]:
        label = "nvidia.com/dynamo-graph-deployment-name=sgl"
        return {one["metadata"]["uid"] for one in platform.find(kind, label)}

    kinds = ("dcd", "deployments", "pods")
    first = {kind: children(kind) for kind in kinds}
    platform.kubectl("delete", "dgd", "sgl", "--cascade=foreground", "--wait=false")
    for kind in kinds:
        platform.wait(lambda kind=kind: bool(children(kind) - first[kind]), f"{kind} that were not there before")
    assert "deletionTimestamp" in platform.graph()["metadata"]


def test_background_deletion_leaves_nothing(platform: Platform, graph: Callable[..., Manifest]) -> None:
    graph()
    platform.wait_for_state("successful")
    platform.kubectl("delete", "dgd", "sgl", "--cascade=background")
    platform.wait(platform.is_empty, "nothing left of the graph")
