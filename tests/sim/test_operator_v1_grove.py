"""Workers of several nodes under Dynamo 1.6.1 and Grove: names, what is placed together, and what is said meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.state import Cluster
from tests.sim.test_operator_v1 import accepts, refused
from tests.support.platform import Platform
from tests.support.platform_v1 import GROVE, a_graph, installed, worker

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]

LONG = "a-graph-with-a-name-of-thirty-o"


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    with installed(cluster, "grove-v1", *GROVE) as there:
        there.kubectl("rollout", "status", "deployment/grove-operator", "--timeout=60s")
        there.wait(lambda: accepts(there), "the webhooks answer")
        yield there
        there.delete_graphs()


def names(platform: Platform, kind: str, graph: str) -> list[str]:
    found = platform.find(kind, f"nvidia.com/dynamo-graph-deployment-name={graph}")
    return sorted(one["metadata"]["name"] for one in found)


def test_a_graph_with_a_long_name_is_cut_and_found_by_its_label(platform: Platform) -> None:
    platform.apply(a_graph(worker("prefill", gpus="4", nodes=2), worker("decode", gpus="4", nodes=2), name=LONG))
    platform.wait(lambda: len(platform.ready_pods("decode")) == 2, "both decode pods ready")
    (made,) = names(platform, "podcliqueset", LONG)
    assert made.startswith("a-graph-with-a-name-of-")
    assert len(made) == 27
    assert f"{made}-0-decode" in names(platform, "podcliquescalinggroup", LONG)
    assert f"{LONG}-frontend" in [one["metadata"]["name"] for one in platform.find("services")]

    def parts() -> dict[str, str]:
        (live,) = platform.find("dgd")
        return {name: one["componentKind"] for name, one in live["status"]["components"].items()}

    several = "PodCliqueScalingGroup"
    assert parts() == {"frontend": "PodClique", "prefill": several, "decode": several}
    platform.kubectl("delete", "dgd", LONG, "--timeout=60s")
    platform.wait(lambda: not names(platform, "pods", LONG), "no pod left")


def test_nothing_is_written_about_a_graph_that_is_ready_and_stays_as_it_is(platform: Platform) -> None:
    platform.apply(a_graph(worker("prefill"), worker("decode", gpus="4", nodes=2)))
    platform.wait(lambda: len(platform.ready_pods("decode")) == 2, "both decode pods ready")
    platform.rests("dgd", "podcliqueset", "podclique", "podcliquescalinggroup", "services", "pods")
    platform.delete_graphs()


def test_a_graph_that_does_not_fit_says_that_capacity_is_what_it_lacks(platform: Platform) -> None:
    platform.apply(a_graph(worker("prefill"), worker("decode", nodes=2)))

    def reason() -> str:
        conditions = (platform.graph().get("status") or {}).get("conditions") or [{"reason": ""}]
        return conditions[0]["reason"]

    platform.wait(lambda: len(platform.ready_pods("prefill")) == 1, "prefill, which fits, ready")
    platform.wait(lambda: reason() == "insufficient_capacity", "the graph waits for capacity")
    assert len(platform.pending_pods("decode")) == 2


def test_a_name_for_which_grove_has_no_room_is_refused(platform: Platform) -> None:
    long = worker("decode", nodes=2) | {"name": "d" * 18}
    assert "exceeds 45-character limit" in refused(platform, a_graph(worker("prefill"), long))
