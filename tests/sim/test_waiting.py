"""What a wait asks of the API server does not depend on how long it lasts: it watches, and does not poll."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.dynamic.operator_check import find_operator
from sim.cluster.audit import Account
from sim.state import Cluster
from tests.support.platform import Platform, a_graph, installed
from wideep_cluster.dynamo.drain import await_operator, drain
from wideep_cluster.dynamo.graph_wait import GraphError, await_graph
from wideep_cluster.dynamo.readiness import GraphTarget
from wideep_cluster.kube import KubeNamespace

pytestmark = [pytest.mark.cluster, pytest.mark.long]

DEADLINE = 400
OPERATORS = {"deployments", "statefulsets"}
OWN = {"dynamographdeployments", "dynamocomponentdeployments", "pods"}


def _await_graph(place: KubeNamespace) -> None:
    target = GraphTarget(place.name, "sgl", 1, {"decode": 1}, frozenset())
    with pytest.raises(GraphError, match="it was deleted in the meantime"):
        await_graph(place, target, DEADLINE, print, threading.Event())


WAITS: dict[str, tuple[Callable[[KubeNamespace], None], set[str]]] = {
    "drain": (lambda place: drain(place, "sgl", DEADLINE, print), OWN | OPERATORS),
    "takedown": (lambda place: await_operator(place, "sgl", DEADLINE, print), OWN | OPERATORS),
    "search": (lambda place: find_operator(place, "0.6.0", DEADLINE, print), OPERATORS),
    "graph": (_await_graph, {"dynamographdeployments", "pods", "events"} | OPERATORS),
}
"""Each wait with the kinds that it watches."""


@pytest.fixture
def stuck(cluster: Cluster) -> Iterator[Platform]:
    """A graph that was deleted after its operator had gone: its components are held by their finalizers."""
    with installed(cluster, f"stuck-{secrets.token_hex(2)}") as platform:
        platform.apply(a_graph())
        platform.wait(lambda: len(platform.find("dcd")) == 3, "a component of each service")
        platform.scale_operator(0)
        platform.kubectl("delete", "dgd", "sgl", "--wait=false")
        yield platform
        platform.revive()
        platform.delete_graphs()


def _watched(account: Account) -> set[str]:
    return {call.uri.partition("?")[0].rpartition("/")[2] for call in account.calls() if call.verb == "watch"}


def test_a_wait_asks_nothing_more_from_its_twentieth_second_to_its_eightieth(stuck: Platform) -> None:
    accounts = {name: Account.make(stuck.cluster, f"{name}-{secrets.token_hex(2)}") for name in WAITS}
    with ThreadPoolExecutor(len(WAITS)) as pool:
        places = {
            name: KubeNamespace.connect(stuck.namespace, str(account.kubeconfig), None)
            for name, account in accounts.items()
        }
        waits = [pool.submit(wait, places[name]) for name, (wait, _) in WAITS.items()]
        for name, (_, kinds) in WAITS.items():
            stuck.wait(lambda name=name, kinds=kinds: _watched(accounts[name]) == kinds, f"all watches of the {name}")
        counts: list[dict[str, int]] = []
        for seconds in (20, 60):
            time.sleep(seconds)
            counts.append({name: len(account.calls()) for name, account in accounts.items()})
        stuck.scale_operator(1)
        for wait in waits:
            wait.result()

    assert counts[0] == counts[1]
    assert max(counts[1].values()) <= 16
