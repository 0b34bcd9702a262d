"""Workers of several nodes: what the simulated operator and Grove make of them, all pods of a worker or none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.state import Cluster
from tests.support.platform import Platform, a_graph, installed

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "grove-contract", "--set=grove.enabled=true") as there:
        there.kubectl("rollout", "status", "deployment/grove-operator", "--timeout=30s")
        yield there


@pytest.fixture(autouse=True)
def no_graphs_left(platform: Platform) -> Iterator[None]:
    yield
    platform.delete_graphs()


def names(platform: Platform, kind: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in platform.find(kind))


def test_a_worker_of_two_nodes_is_a_leader_and_a_worker_pod_that_start_together(platform: Platform) -> None:
    platform.apply(a_graph(decode_nodes=2, decode_gpus="4"))
    platform.wait_for_state("successful")
    assert names(platform, "podcliqueset") == ["sgl"]
    assert names(platform, "podclique") == [
        "sgl-0-decode-0-decode-ldr",
        "sgl-0-decode-0-decode-wkr",
        "sgl-0-frontend",
        "sgl-0-prefill",
    ]
    assert [one["metadata"]["name"] for one in platform.ready_pods("decode")] == [
        "sgl-0-decode-0-decode-ldr-0",
        "sgl-0-decode-0-decode-wkr-0",
    ]
    assert names(platform, "dcd") == []
    assert "sgl-frontend" in names(platform, "services")
    platform.rests("dgd", "podcliqueset", "podclique", "podcliquescalinggroup", "services", "pods")


def test_no_pod_of_a_worker_is_placed_where_not_all_of_them_fit(platform: Platform) -> None:
    platform.apply(a_graph(decode_nodes=2, decode_gpus="8"))
    platform.wait(lambda: len(platform.pods_of("decode")) == 2, "both decode pods made")
    platform.wait(lambda: len(platform.ready_pods("prefill")) == 1, "prefill, which fits, ready")
    assert len(platform.pending_pods("decode")) == 2
    assert platform.graph()["status"]["state"] == "pending"
    assert "pcsg/sgl-0-decode: desired=1, available=0" in platform.graph()["status"]["conditions"][0]["message"]
    events = [one["message"] for one in platform.find("events") if one["reason"] == "Unschedulable"]
    assert any("want 16 GPUs" in message for message in events)


def test_a_name_that_is_too_long_for_grove_fails_the_graph_and_says_so(platform: Platform) -> None:
    graph = a_graph(decode_nodes=2, decode_gpus="4")
    graph["metadata"]["name"] = "a-graph-with-a-name-of-thirty-o"
    platform.apply(graph)

    def message() -> str:
        (live,) = platform.find("dgd")
        return ((live.get("status") or {}).get("conditions") or [{"message": ""}])[0]["message"]

    platform.wait(lambda: "exceeds 45-character limit" in message(), "the graph failed for its name")
    assert platform.find("pods", "nvidia.com/dynamo-graph-deployment-name") == []


def test_a_new_image_replaces_the_pods_of_every_clique(platform: Platform) -> None:
    platform.apply(a_graph(decode_nodes=2, decode_gpus="4"))
    platform.wait_for_state("successful")
    platform.apply(a_graph(decode_nodes=2, decode_gpus="4", image="registry.example.com/worker:2"))
    platform.wait(lambda: platform.images("decode") == {"registry.example.com/worker:2"}, "the new image everywhere")
    platform.wait(lambda: len(platform.ready_pods("decode")) == 2, "both decode pods ready again")


def test_deleting_the_graph_takes_everything_of_grove_along(platform: Platform) -> None:
    platform.apply(a_graph(decode_nodes=2, decode_gpus="4"))
    platform.wait_for_state("successful")
    platform.kubectl("delete", "dgd", "sgl")
    platform.wait(platform.is_empty, "nothing left of the graph")
    kinds = ("podcliqueset", "podclique", "podcliquescalinggroup")
    platform.wait(lambda: not any(names(platform, kind) for kind in kinds), "nothing left of Grove's objects")


def test_an_operator_that_started_before_grove_does_not_see_it(platform: Platform) -> None:
    crds = [f"crd/{kind}.grove.io" for kind in ("podcliquesets", "podcliques", "podcliquescalinggroups")]
    api = "sim/charts/dynamo-platform/charts/grove-charts/crds"
    platform.run("kubectl", "delete", *crds)
    platform.scale_operator(0)
    platform.scale_operator(1)
    platform.apply(a_graph(decode_nodes=2, decode_gpus="4"))
    platform.wait_for_state("failed")
    platform.kubectl("apply", "--server-side", "--force-conflicts", "-f", api)
    platform.kubectl("annotate", "dgd", "sgl", "look=again")
    platform.wait(lambda: platform.graph()["metadata"]["annotations"].get("look") == "again", "the graph looked at")
    assert platform.graph()["status"]["state"] == "failed"
    platform.scale_operator(0)
    platform.scale_operator(1)
    platform.wait_for_state("successful")
