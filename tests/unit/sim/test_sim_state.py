"""cluster.json: what one command writes and all others read."""

from pathlib import Path

import pytest

from sim import paths, state
from sim.state import Cluster, Ports, Process, SimError


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    ports = Ports(**{name: 20000 + number for number, name in enumerate(Ports.model_fields)})
    directory = tmp_path / "clusters" / "abc"
    return Cluster(
        id="abc",
        directory=directory,
        stack="sim",
        ports=ports,
        nodes=["gpu-0"],
        processes={"registry": Process(pid=7, started=12.5, port=ports.registry, log=directory / "logs/registry.log")},
    )


def test_what_is_saved_is_what_is_loaded(cluster: Cluster) -> None:
    assert state.load(cluster.save().file) == cluster


def test_sim_cluster_in_the_environment_names_the_file(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM_CLUSTER", str(cluster.save().file))
    assert state.load() == cluster


def test_without_it_the_checkout_and_then_sim_id_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIM_CLUSTER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SIM_ID", "other")
    assert state.load() is None
    folder = tmp_path / "dynamo-wideep" / "clusters" / "other"
    ports = Ports(**dict.fromkeys(Ports.model_fields, 20000))
    saved = Cluster(id="other", directory=folder, stack="dev", ports=ports).save()
    assert state.load() == saved


@pytest.mark.parametrize("name", ["../up", "A", "-x", "x" * 31])
def test_an_id_that_cannot_name_a_folder_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM_ID", name)
    with pytest.raises(SimError, match="SIM_ID"):
        paths.cluster_id()


def test_a_file_of_another_version_is_one_sentence(cluster: Cluster) -> None:
    cluster.save().file.write_text('{"id": "abc"}')
    with pytest.raises(SimError, match="sim down"):
        state.load(cluster.file)


def test_the_addresses_are_loopback_ones(cluster: Cluster) -> None:
    for address in (cluster.kube_api, cluster.registry, cluster.etcd_endpoint, cluster.nats_url):
        assert "127.0.0.1:" in address
