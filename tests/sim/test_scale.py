"""A command that looks at a graph asks the API server as often for a hundred pods as for fifty."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.cluster.audit import Account
from sim.sandbox import copy_project, write_stack
from sim.state import Cluster
from tests.sim.conftest import Run
from tests.support.stacks import SMALL
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.long]

GRAPH = "qwen3-30b-a3b-wideep"
LABELS = {
    "nvidia.com/dynamo-graph-deployment-name": GRAPH,
    "nvidia.com/dynamo-component-type": "worker",
    "nvidia.com/dynamo-sub-component-type": "decode",
}
MOST_CALLS = {"status": 10, "doctor": 36}


@dataclass(frozen=True)
class Crowd:
    """A namespace with many pods of one graph, and a stack of that name."""

    cluster: Cluster
    folder: Path
    namespace: str
    run: Run

    def grow(self, count: int) -> None:
        """That many pods, all ready. Their engine is none that the simulation knows, so nothing runs in them."""
        main = {
            "name": "main",
            "image": "registry.example.com/worker:1",
            "command": ["python3", "-m", "dynamo.nothing"],
        }
        items = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"decode-{number}", "namespace": self.namespace, "labels": LABELS},
                "spec": {"containers": [main]},
            }
            for number in range(count)
        ]
        made = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.run("kubectl", "apply", "--server-side", "--filename=-", given=made)
        ready = ("--for=condition=Ready", "--timeout=240s")
        self.run("kubectl", "wait", "pods", "--all", f"--namespace={self.namespace}", *ready)

    def asked(self, account: Account, verb: str, *options: str) -> tuple[int, list[str]]:
        """How many pods the answer has, and what was asked for it."""
        before = len(account.calls())
        wideep = Wideep(self.cluster, self.folder, "crowd", str(account.kubeconfig), seconds=300)
        said = wideep(verb, *options, "--output", "json")
        assert said.err == ""
        calls = sorted(f"{call.verb} {call.uri}" for call in account.calls()[before:])
        return len(said.json.get("pods", [])), calls


@pytest.fixture
def crowd(cluster: Cluster, run: Run, tmp_path: Path) -> Iterator[Crowd]:
    namespace = f"crowd-{secrets.token_hex(2)}"
    folder = copy_project(tmp_path / "project")
    write_stack(folder, "crowd", **SMALL, namespace=namespace)
    run("kubectl", "create", "namespace", namespace)
    run("kubectl", "wait", "--for=create", "serviceaccount/default", "-n", namespace, "--timeout=30s")
    yield Crowd(cluster, folder, namespace, run)
    run("kubectl", "delete", "namespace", namespace, "--wait=false")


def test_twice_the_pods_are_asked_for_in_as_many_calls(crowd: Crowd) -> None:
    account = Account.make(crowd.cluster, f"crowd-{secrets.token_hex(2)}")
    crowd.grow(50)
    fifty = {"status": crowd.asked(account, "status"), "doctor": crowd.asked(account, "doctor", "--offline")}
    crowd.grow(100)
    hundred = {"status": crowd.asked(account, "status"), "doctor": crowd.asked(account, "doctor", "--offline")}

    assert (fifty["status"][0], hundred["status"][0]) == (50, 100)
    for verb, most in MOST_CALLS.items():
        assert fifty[verb][1] == hundred[verb][1]
        assert 0 < len(hundred[verb][1]) <= most
