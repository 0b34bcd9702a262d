"""What the agent sees when it looks at everything again, because a watch may have been lost without a word."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sim.operator.__main__ import Agent
from sim.operator.kube import Kind
from tests.unit.sim.test_agent_kubelet import RUNNING

META = {"namespace": "n", "uid": "u-1"}
OPERATOR = {
    "metadata": META | {"name": "dynamo-platform-dynamo-operator-controller-manager"},
    "spec": {"template": {"spec": {"containers": [{"name": "manager", "args": []}]}}},
    "status": {"readyReplicas": 1},
}
ETCD = {"metadata": META | {"name": "dynamo-platform-etcd"}, "status": {"readyReplicas": 1}}
GRAPH = {"metadata": META | {"name": "g"}}


class Found:
    """An API server that lists what there is."""

    def __init__(self, **kinds: list[dict[str, Any]]) -> None:
        self.kinds = {Kind[name]: objects for name, objects in kinds.items()}

    async def find(self, kind: Kind) -> list[dict[str, Any]]:
        return self.kinds.get(kind, [])


def agent(there: Found, folder: Path) -> Agent:
    cluster: Any = SimpleNamespace(directory=folder, logs=folder, pods_dir=folder, registry_alias="registry.sim")
    kube: Any = there
    return Agent(kube, cluster)


def test_what_came_without_an_event_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Found(DEPLOYMENT=[OPERATOR], STATEFUL_SET=[ETCD], GRAPH=[GRAPH], POD=[RUNNING])

    async def resync() -> tuple[Agent, list[str], list[object]]:
        one = agent(there, tmp_path)
        pods: list[str] = []
        graphs: list[object] = []
        monkeypatch.setattr(one.kubelet, "see", lambda pod, gone: pods.append(f"{pod['metadata']['name']} {gone}"))
        monkeypatch.setattr(one.graphs, "add", graphs.append)
        await one.resync()
        return one, pods, graphs

    one, pods, graphs = asyncio.run(resync())
    assert one.operators.operators.keys() == {("n", OPERATOR["metadata"]["name"])}
    assert one.operators.etcds == {("n", "dynamo-platform-etcd"): True}
    assert (pods, graphs) == (["p False"], [("n", "g")])


def test_what_went_without_an_event_is_forgotten(tmp_path: Path) -> None:
    there = Found(DEPLOYMENT=[OPERATOR])

    async def resync() -> Agent:
        one = agent(there, tmp_path)
        await one.resync()
        there.kinds.clear()
        await one.resync()
        return one

    assert asyncio.run(resync()).operators.operators == {}
