"""A command in a pod and a port of a pod, where the API server says no."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.live import pod
from tests.support.loopback import Request, listening
from wideep_cli.connection import connect
from wideep_cli.stack_file import StackFile
from wideep_cluster import Cluster, ClusterError, ForbiddenError, forward, run

POD = pod("decode-0", "decode")
DENIED = 'pods "decode-0" is forbidden: User "anna" cannot create resource "{0}" in API group "" in the namespace "lab"'


@dataclass
class Server:
    """An API server that opens no websocket, and answers each with an error."""

    port: int = 0
    status: int = 403
    message: str = DENIED
    asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def refuse(self, request: Request) -> None:
        if request.path == "/version":
            request.answer(200, {"gitVersion": "v1.34.1"})
            return
        self.asked.set()
        self.may_answer.wait()
        resource = "pods/" + request.path.split("?")[0].rsplit("/", 1)[1]
        request.answer(self.status, {"message": self.message.format(resource)})


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.may_answer.set()
    with listening(GET=server.refuse) as server.port:
        yield server


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Cluster:
    config = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "anna"}}],
        "users": [{"name": "anna", "user": {"token": "t0ken"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    stack = tmp_path / "Pulumi.lab.yaml"
    stack.write_text(json.dumps({"config": {"kubernetes:kubeconfig": "kubeconfig"}}))
    return connect(StackFile(stack, {}))


def test_a_command_that_may_not_be_run_names_the_right(cluster: Cluster) -> None:
    with pytest.raises(ForbiddenError) as told:
        run(cluster, POD, ["nvidia-smi", "-L"])

    assert (
        str(told.value) == "This user may not create pods/exec in namespace lab (`wideep rbac --exec` prints the Role)."
    )


def test_a_port_that_may_not_be_forwarded_is_why_nothing_answers(cluster: Cluster) -> None:
    """The caller sees a closed connection; what it hears is the reason for that."""
    with (
        pytest.raises(ForbiddenError, match="This user may not create pods/portforward in namespace lab"),
        forward(cluster, POD, 8000) as port,
    ):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)


def test_a_command_that_does_not_start_is_told_with_the_servers_reason(cluster: Cluster, server: Server) -> None:
    server.status, server.message = 500, "container main is not running"

    with pytest.raises(ClusterError) as told:
        run(cluster, POD, ["python3", "-c", "a\nlong\nprogram"])

    assert str(told.value) == "`python3` does not start in pod decode-0: container main is not running."


def test_while_a_websocket_is_opened_other_questions_are_answered(cluster: Cluster, server: Server) -> None:
    """The client sends everything to the websocket meanwhile, so that it has a client of its own."""
    server.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(run, cluster, POD, ["nvidia-smi"])
        server.asked.wait()
        version = cluster.version()
        server.may_answer.set()

    assert version == "v1.34.1"
    assert isinstance(opening.exception(), ForbiddenError)
