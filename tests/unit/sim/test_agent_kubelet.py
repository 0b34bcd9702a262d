"""What the simulation's kubelet does about a pod that is not as it has written it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sim.kubelet import containers, podstatus
from sim.kubelet.kubelet import Kubelet
from sim.kubelet.pod import Pod

POD: dict[str, Any] = {
    "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"nvidia.com/dynamo-graph-deployment-name": "g"}},
    "spec": {"containers": [{"name": "main", "image": "registry.example.com/x"}]},
}
WAITING = [{"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}]
CREATING = POD | {"status": {"phase": "Pending", "containerStatuses": WAITING}}
RUNNING = POD | {"status": {"phase": "Running"}}


class Kube:
    """An API server of which only the writing of a pod's status is asked."""

    def __init__(self) -> None:
        self.written: list[str] = []

    async def patch(self, _kind: object, _namespace: str, _name: str, body: Any, **_: object) -> None:
        self.written.append(body["status"]["phase"])

    async def delete(self, *_: object) -> None:
        """What lets kubectl find the pod."""


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> Kube:
    """Containers run as soon as they are started."""

    async def run(pod: Pod) -> None:
        await pod.status(podstatus.running(pod.pod, ready=True))

    monkeypatch.setattr(containers, "run", run)
    return Kube()


def _machine(kube: Kube, folder: Path) -> Any:
    cluster = SimpleNamespace(logs=folder, pods_dir=folder / "pods", registry_alias="registry.sim")
    return SimpleNamespace(kube=kube, cluster=cluster, served=SimpleNamespace(leave=lambda *_: None))


def _written(kube: Kube, folder: Path, *seen: dict[str, Any]) -> list[str]:
    """The phases that are written when the pod is seen so, one after the other."""
    machine = _machine(kube, folder)

    async def see() -> None:
        kubelet = Kubelet(machine)
        for pod in seen:
            kubelet.see(pod, gone=False)
            for _ in range(5):
                await asyncio.sleep(0)
        await kubelet.close()

    asyncio.run(see())
    return kube.written


def test_a_running_pod_that_is_set_back_to_its_sandbox_is_written_again(kube: Kube, tmp_path: Path) -> None:
    assert _written(kube, tmp_path, CREATING, RUNNING, CREATING) == ["Running", "Running"]


def test_a_pod_that_is_as_it_was_written_is_left_alone(kube: Kube, tmp_path: Path) -> None:
    assert _written(kube, tmp_path, CREATING, RUNNING, RUNNING) == ["Running"]


def test_a_pod_that_ends_leaves_the_door_of_the_one_that_has_taken_its_name(kube: Kube, tmp_path: Path) -> None:
    machine = _machine(kube, tmp_path)
    old, new = (Pod(machine, POD | {"metadata": POD["metadata"] | {"uid": uid}}) for uid in ("old", "new"))
    old.open()
    new.open({8000: "/new"})

    asyncio.run(old.end())
    assert json.loads(new.known_path.read_text())["forwards"] == {"8000": "/new"}

    asyncio.run(new.end())
    assert not new.known_path.exists()
