"""The simulated cluster is its owner's alone: no port of it acts for another user of the machine, or for a web page."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

from sim import paths
from sim.cluster import logins, network, ports, process
from sim.state import Cluster, Network, load
from tests.sim.conftest import Run
from tests.support import stranger
from tests.support.platform import Platform, a_graph, installed
from tests.support.process import run

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Socket:
    """A port on which a process of the simulation listens, and whether it is in Dynamo's network."""

    name: str
    pid: int
    at: ports.Listening
    inside: bool


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Platform]:
    """With a graph, since its processes listen too."""
    with installed(cluster, "sockets") as there:
        there.apply(a_graph(engine="sglang"))
        there.wait_for_state("successful")
        yield there
        there.delete_graphs()


@pytest.fixture
def found(cluster: Cluster, platform: Platform) -> list[Socket]:
    """Every port of every process that carries the cluster's mark."""
    return [one for owner in psutil.process_iter() if _is_ours(owner, cluster) for one in _sockets(owner)]


def _is_ours(owner: psutil.Process, cluster: Cluster) -> bool:
    try:
        return owner.environ().get(process.MARK) == cluster.id
    except psutil.Error:
        return False


def _sockets(owner: psutil.Process) -> list[Socket]:
    try:
        held = {os.readlink(file) for file in Path(f"/proc/{owner.pid}/fd").iterdir()}
        inside = os.readlink(f"/proc/{owner.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        name = owner.name()
    except (OSError, psutil.Error):
        return []  # it has just ended
    every = ports.listening(owner.pid)
    return [Socket(name, owner.pid, one, inside) for one in every if f"socket:[{one.inode}]" in held]


def test_every_server_is_found_and_none_listens_beyond_loopback(cluster: Cluster, found: list[Socket]) -> None:
    always = set(cluster.ports.model_dump().values()) - {cluster.ports.webhooks}  # open with an operator of 1.x alone
    assert always <= {one.at.port for one in found}
    assert len({one.pid for one in found if one.name.startswith("python")}) >= 1  # Dynamo's frontend
    beyond = [one for one in found if not one.at.is_loopback]
    if cluster.network is Network.SHARED:
        pytest.skip("this machine's kernel lets the user make no network namespace: Dynamo is on its own address")
    assert not beyond


def test_no_port_acts_for_a_stranger(cluster: Cluster, found: list[Socket]) -> None:
    if os.getuid():
        pytest.skip("only root can become another user")
    reached = {one.at.port: one.name for one in found if not one.inside}
    assert {cluster.ports.kube_apiserver, cluster.ports.etcd, cluster.ports.kubelet} <= set(reached)
    let_in = {
        f"{name} on {port}": stranger.as_stranger(lambda port=port: stranger.let_in(port))
        for port, name in reached.items()
    }
    assert not {name: answers for name, answers in let_in.items() if answers}


def test_a_server_that_asks_nobody_would_be_noticed() -> None:
    """The stranger's questions do find an open door."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = os.fork()
        if not child:
            while True:
                one, _ = server.accept()
                one.recv(1 << 12)
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                one.close()
        try:
            assert "200 OK" in stranger.let_in(port)[0]
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def test_nobody_else_enters_the_network_of_dynamo(cluster: Cluster, found: list[Socket]) -> None:
    if cluster.network is Network.SHARED:
        pytest.skip("this machine's kernel lets the user make no network namespace")
    assert {one.name for one in found if one.inside} >= {"etcd", "nats-server"}
    if os.getuid():
        pytest.skip("only root can become another user")
    command = [*network.inside(_now(cluster)), "true"]

    def enter() -> list[str]:
        done = run(*command, cwd=Path("/"), fails=None)
        return [f"{done.code} {done.err}"]

    run(*command)  # the owner may
    (said,) = stranger.as_stranger(enter)
    assert "denied" in said.lower() or "not permitted" in said.lower()


def test_within_it_etcd_and_nats_ask_for_a_login_as_well(cluster: Cluster) -> None:
    for port in (cluster.ports.nats, cluster.ports.dynamo_etcd, cluster.ports.dynamo_etcd_peer):
        command = [*network.inside(_now(cluster)), str(paths.PROJECT / ".venv/bin/python")]
        assert run(*command, "-m", "tests.support.stranger", str(port)).json == []


def test_the_owners_login_opens_the_registry(cluster: Cluster) -> None:
    known = _now(cluster)
    answer = requests.get(f"http://{known.registry}/v2/", auth=(logins.USER, known.password), timeout=10)
    assert answer.status_code == 200


def test_files_and_sockets_are_the_owners_alone(cluster: Cluster, platform: Platform) -> None:
    assert stat.S_IMODE(cluster.directory.stat().st_mode) == 0o700
    secret = [
        cluster.file,
        cluster.kubeconfig,
        *cluster.pki.glob("*.key"),
        logins.registry(cluster),
        logins.nats(cluster),
        cluster.docker_config / "config.json",
        *cluster.sockets_dir.iterdir(),
        *cluster.pods_dir.glob("*/*.json"),
    ]
    assert len(secret) > 8
    assert {file.name: oct(file.stat().st_mode & 0o077) for file in secret if file.stat().st_mode & 0o077} == {}


def test_exec_runs_the_containers_programs_and_nothing_of_this_machine(platform: Platform, run: Run) -> None:
    names = run("kubectl", "get", "pods", "-n", platform.namespace, "-o", "name").out.split()
    worker = next(name for name in names if "decode" in name)
    into = ("kubectl", "exec", "-n", platform.namespace, worker, "--")
    assert "NVIDIA" in run(*into, "nvidia-smi", "--query-gpu=name", "--format=csv,noheader").out
    for command in (["sh", "-c", "id"], ["/bin/sh"], ["../bin/ping", "x"], ["env"]):
        refused = run(*into, *command, fails=True)
        assert "executable file not found" in refused.err, command
    own = run(*into, "python3", "-c", "print('here')", fails=True)
    assert (own.code, own.out) == (126, "")


def _now(cluster: Cluster) -> Cluster:
    """As it stands: other tests end and start its processes."""
    known = load(cluster.file)
    assert known is not None
    return known
