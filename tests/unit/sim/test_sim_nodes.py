"""The simulated nodes are those of the stack's hardware."""

from pathlib import Path

import pytest

from sim import paths
from sim.cluster import nodes
from sim.state import SimError
from wideep.settings.hardware import Gpu, Hardware, Interconnect


def made(**changes: object) -> dict[str, dict]:
    known = {"gpu": Gpu.H200, "nodes": 2, "gpus_per_node": 8, "interconnect": Interconnect.INFINIBAND, **changes}
    return {
        node["metadata"]["name"]: node
        for node in nodes.manifests(Hardware.model_validate(known, by_name=True), kubelet=10250)
    }


def test_there_are_as_many_gpu_nodes_as_the_hardware_says_and_two_without_gpus() -> None:
    assert list(made(nodes=3)) == ["gpu-0", "gpu-1", "gpu-2", "cpu-0", "cpu-1"]


def test_a_gpu_node_offers_its_gpus_and_rdma_devices() -> None:
    offered = made(gpus_per_node=4)["gpu-0"]["status"]["allocatable"]
    assert (offered["nvidia.com/gpu"], offered["rdma/ib"]) == ("4", "4")


def test_without_rdma_there_is_no_rdma_device() -> None:
    assert "rdma/ib" not in made(interconnect=Interconnect.ETHERNET)["gpu-0"]["status"]["allocatable"]


@pytest.mark.parametrize("gpu", Gpu)
def test_every_gpu_of_the_catalog_has_the_labels_that_feature_discovery_writes(gpu: Gpu) -> None:
    labels = made(gpu=gpu)["gpu-0"]["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"].startswith(f"NVIDIA-{gpu.value.split('-')[0]}")
    assert int(labels["nvidia.com/gpu.memory"]) > 40_000  # MiB
    assert labels["nvidia.com/gpu.count"] == "8"


def test_the_nodes_carry_the_labels_that_the_stack_selects_them_by() -> None:
    assert made(node_selector={"pool": "gpus"})["gpu-0"]["metadata"]["labels"]["pool"] == "gpus"


def test_nodes_without_gpus_offer_none() -> None:
    node = made()["cpu-0"]
    assert "nvidia.com/gpu" not in node["status"]["allocatable"]
    assert "nvidia.com/gpu.present" not in node["metadata"]["labels"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    return tmp_path


def test_a_stack_that_does_not_exist_is_answered_with_those_that_do(project: Path) -> None:
    (project / "Pulumi.dev.yaml").touch()
    with pytest.raises(SimError, match=r"no stack 'prud'.*the stacks are: dev"):
        nodes.hardware("prud")


def test_a_stack_without_hardware_is_answered_with_an_example(project: Path) -> None:
    (project / "Pulumi.sim.yaml").write_text("config:\n  dynamo-wideep:model: x\n")
    with pytest.raises(SimError, match=r"no dynamo-wideep:hardware[\s\S]*gpusPerNode: 8"):
        nodes.hardware("sim")


def test_wrong_hardware_is_named_key_by_key(project: Path) -> None:
    hardware = "{gpu: H2000, nodes: 0, gpusPerNode: 8, interconnect: infiniband}"
    (project / "Pulumi.sim.yaml").write_text(f"config:\n  dynamo-wideep:hardware: {hardware}\n")
    with pytest.raises(SimError, match=r"hardware\.gpu: .*H2000[\s\S]*hardware\.nodes: .*0"):
        nodes.hardware("sim")
