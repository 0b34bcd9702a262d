"""Which experts, copies and attention shares lie on which GPU of which node."""

from collections import Counter

import pytest

from tests.support.configs import hardware, settings
from wideep.placement import Placement, PodPlace, compute_placement
from wideep.settings.layout import Preset, Role

SMALLEST = [Preset.LAB_8GPU]


def pods(placement: Placement, role: Role) -> list[PodPlace]:
    return [pod for node in placement.nodes for pod in node.pods if pod.role is role]


@pytest.mark.parametrize("preset", [preset for preset in Preset if preset not in SMALLEST])
@pytest.mark.parametrize("role", Role)
def test_every_expert_lies_somewhere_and_the_redundant_slots_hold_the_first_ones_again(
    preset: Preset, role: Role
) -> None:
    stack = settings(layout=str(preset))
    layout, placed = stack.layout.roles[role], pods(compute_placement(stack), role)
    for worker in range(layout.replicas):
        gpus = [gpu for pod in placed if pod.worker == worker for gpu in pod.gpus]
        assert sorted(expert for gpu in gpus for expert in gpu.experts) == list(range(256))
        assert sorted(expert for gpu in gpus for expert in gpu.redundant) == list(range(layout.redundant_experts))
        assert len({len(gpu.experts) + len(gpu.redundant) for gpu in gpus}) == 1


def test_the_redundant_slots_are_the_last_ones() -> None:
    gpus = [gpu for pod in pods(compute_placement(settings(layout="wide-32gpu")), Role.DECODE) for gpu in pod.gpus]
    assert gpus[0].experts == tuple(range(18))
    assert gpus[14].experts == (252, 253, 254, 255)
    assert gpus[14].redundant == tuple(range(14))
    assert gpus[15].redundant == tuple(range(14, 32))


def test_attention_and_expert_groups_are_consecutive_gpus() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"dp": 2, "ep": 4}}
    [pod] = pods(compute_placement(settings(layout=layout)), Role.DECODE)
    assert [gpu.attention_group for gpu in pod.gpus] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [gpu.experts[0] for gpu in pod.gpus] == [0, 0, 64, 64, 128, 128, 192, 192]
    assert [gpu.expert_shard for gpu in pod.gpus] == [0, 1, 0, 1, 0, 1, 0, 1]


def test_a_workers_ranks_go_on_from_pod_to_pod() -> None:
    first, second = pods(
        compute_placement(settings(layout="lab-16gpu-multinode", hardware=hardware(nodes=4, gpus_per_node=4))),
        Role.PREFILL,
    )
    assert [gpu.rank for gpu in (*first.gpus, *second.gpus)] == list(range(8))


def test_pods_of_one_worker_go_to_different_nodes_where_they_can() -> None:
    placement = compute_placement(settings(layout="lab-16gpu-multinode", hardware=hardware(nodes=2)))
    assert [Counter(pod.role for pod in node.pods) for node in placement.nodes] == [
        {Role.PREFILL: 1, Role.DECODE: 1},
        {Role.PREFILL: 1, Role.DECODE: 1},
    ]


def test_small_workers_share_a_node() -> None:
    small = {"model": "Qwen/Qwen3-30B-A3B", "hardware": hardware("H100-80", 2)}
    placement = compute_placement(settings(layout="lab-8gpu", **small))
    assert [len(node.pods) for node in placement.nodes] == [2, 0]


def test_pods_that_do_not_fit_the_nodes_are_an_error() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        compute_placement(settings(layout="wide-32gpu", hardware=hardware(nodes=3)))


def test_experts_of_a_worker_on_two_nodes_cross_nvlink_domains_unless_a_rack_is_one() -> None:
    assert compute_placement(settings(layout="wide-32gpu")).domains(Role.DECODE, 0) == 2
    assert compute_placement(settings(layout="lab-16gpu-singlenode")).domains(Role.DECODE, 0) == 1
    half_nodes = hardware(nodes=4, gpus_per_node=4)
    assert compute_placement(settings(layout="lab-16gpu-multinode", hardware=half_nodes)).domains(Role.DECODE, 0) == 2
    rack = hardware("GB200", nodes=18, gpus_per_node=4, interconnect="nvlink")
    assert compute_placement(settings(layout="lab-16gpu-multinode", hardware=rack)).domains(Role.DECODE, 0) == 1


def test_a_second_rack_is_a_second_domain() -> None:
    racks = hardware("GB200", nodes=20, gpus_per_node=4, interconnect="infiniband")
    placement = compute_placement(settings(layout="lab-16gpu-multinode", hardware=racks))
    assert [node.nvlink_domain for node in placement.nodes] == [0] * 18 + [1] * 2
