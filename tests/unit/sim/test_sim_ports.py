"""Each clone's simulation has ports of its own."""

import socket
from pathlib import Path

import pytest

from sim.cluster import ports
from sim.state import Cluster


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dynamo-wideep"


def test_all_ports_of_a_simulation_differ() -> None:
    chosen = list(ports.choose("one").model_dump().values())
    assert len(set(chosen)) == len(chosen)


def test_a_port_in_use_is_not_chosen() -> None:
    first = ports.choose("one").etcd
    with socket.socket() as held:
        held.bind(("127.0.0.1", first))
        held.listen()
        assert first not in ports.choose("one").model_dump().values()


def test_a_port_whose_server_was_killed_is_free_again_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the side that closes first is the one that waits
    assert ports.is_free(port)


def test_what_another_clone_has_chosen_is_not_chosen_though_it_is_not_running(cache: Path) -> None:
    theirs = ports.choose("one")
    Cluster(id="theirs", directory=cache / "clusters" / "theirs", stack="sim", ports=theirs).save()
    ours = ports.choose("one")
    assert not set(theirs.model_dump().values()) & set(ours.model_dump().values())


def test_a_port_answers_only_while_something_listens() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not ports.answers(port)
        server.listen()
        assert ports.answers(port)
