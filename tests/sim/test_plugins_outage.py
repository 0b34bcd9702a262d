"""The kubernetes stand-in while the API server is away: waits go on, single calls fail and say why.

The server itself is left alone: the plugin reaches it through a forwarder, and it is the forwarder that goes away.
"""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from sim.env import environment
from sim.state import Cluster
from tests.support.plugin import Plugin, running

pytestmark = pytest.mark.cluster

NAME = "outage"


class Forwarder:
    """Passes connections on to the API server, until it is stopped, and again once it is started."""

    def __init__(self, target: int) -> None:
        self._target, self.port = target, 0
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._sockets = [listener]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=self._copy, args=ends, daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def forwarder(cluster: Cluster) -> Iterator[Forwarder]:
    found = Forwarder(cluster.ports.kube_apiserver)
    found.start()
    yield found
    found.stop()
    delete = ["kubectl", "delete", "configmap", NAME, "--ignore-not-found", "--wait=false"]
    subprocess.run(delete, env=os.environ | environment(cluster), check=True, capture_output=True)


@pytest.fixture
def plugin(cluster: Cluster, forwarder: Forwarder, tmp_path: Path) -> Iterator[Plugin]:
    text = cluster.kubeconfig.read_text().replace(f":{cluster.ports.kube_apiserver}", f":{forwarder.port}")
    (tmp_path / "kubeconfig").write_text(text)
    with running("kubernetes", tmp_path, KUBECONFIG=str(tmp_path / "kubeconfig")) as found:
        found.call("Configure")
        yield found


def request(wait_for: str = "jsonpath={.data.done}=yes") -> dict[str, object]:
    metadata = {"name": NAME, "namespace": "default", "annotations": {"pulumi.com/waitFor": wait_for}}
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}
    return {"urn": "urn:m", "type": "kubernetes:core/v1:ConfigMap", "name": "m", "properties": inputs}


def patch(cluster: Cluster, text: str) -> None:
    command = ["kubectl", "patch", "configmap", NAME, "--type", "merge", "--patch", text]
    deadline = time.monotonic() + 20
    while subprocess.run(command, env=os.environ | environment(cluster), check=False, capture_output=True).returncode:
        assert time.monotonic() < deadline, "the object was not created"
        time.sleep(0.2)


def test_a_wait_goes_on_when_the_server_is_back(cluster: Cluster, forwarder: Forwarder, plugin: Plugin) -> None:
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plugin.call, "Create", request())
        patch(cluster, '{"metadata": {"labels": {"seen": "yes"}}}')
        forwarder.stop()
        patch(cluster, '{"data": {"done": "yes"}}')
        assert not call.done()
        forwarder.start()
        answer = call.result(timeout=20)
    assert answer.response is not None, answer.error
    assert answer.response["properties"]["data"] == {"k": "v", "done": "yes"}


def test_a_delete_notices_what_went_while_the_server_was_away(
    cluster: Cluster, forwarder: Forwarder, plugin: Plugin
) -> None:
    made = plugin.call("Create", request("jsonpath={.data.k}=v")).response
    assert made is not None
    patch(cluster, '{"metadata": {"finalizers": ["example.com/hold"]}}')
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plugin.call, "Delete", {**request(), "id": made["id"], "properties": made["properties"]})
        time.sleep(1)
        forwarder.stop()
        patch(cluster, '{"metadata": {"finalizers": null}}')
        assert not call.done()
        forwarder.start()
        assert call.result(timeout=20).response == {}


def test_a_create_without_a_server_fails_and_creates_nothing(
    cluster: Cluster, forwarder: Forwarder, plugin: Plugin
) -> None:
    forwarder.stop()
    answer = plugin.call("Create", request())
    assert f"dial tcp 127.0.0.1:{forwarder.port}: connect: connection refused" in answer.error
    assert answer.partial == {}
    get = ["kubectl", "get", "configmap", NAME]
    assert subprocess.run(get, env=os.environ | environment(cluster), check=False, capture_output=True).returncode
