"""Which pods fit where, and what wideep doctor says when some do not."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cases import case, failures, node, pod, seen, view
from wideep_cli.doctor.fabric import fabric_findings
from wideep_cli.doctor.finding import Verdict
from wideep_cli.doctor.gpus import gpu_findings
from wideep_cli.doctor.packing import Space, Want, pack
from wideep_cli.doctor.placement import placement
from wideep_cluster import ForbiddenError

CORDONED = view(deployed=False, nodes=seen(node("gpu-0"), node("gpu-1", cordoned=True)))
TAINT = {"key": "team", "value": "other", "effect": "NoSchedule"}


def most_pods(sizes: tuple[int, int], counts: tuple[int, int], free: list[int]) -> int:
    """By trying every way to put the larger pods on the nodes: with all of those, the most of the smaller ones."""
    large, small = sizes
    best = (0, 0)
    for ways in product(*(range(room // large + 1) for room in free)):
        placed = min(sum(ways), counts[0])
        if sum(ways) > counts[0]:
            continue
        rest = sum((room - here * large) // small for room, here in zip(free, ways, strict=True))
        best = max(best, (placed, min(counts[1], rest)))
    return sum(best)


@given(
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.lists(st.integers(0, 8), min_size=1, max_size=4),
)
def test_no_way_to_place_the_pods_is_better_than_the_one_found(
    sizes: tuple[int, int], counts: tuple[int, int], free: list[int]
) -> None:
    if sizes[0] < sizes[1]:
        sizes, counts = sizes[::-1], counts[::-1]
    wants = [Want("large", counts[0], 1, sizes[0]), Want("small", counts[1], 1, sizes[1])]
    spaces = [Space(f"n{number}", room) for number, room in enumerate(free)]

    found = pack(wants, spaces)

    placed = sum(roles.total() for roles in found.placed.values())
    assert placed == most_pods(sizes, counts, free)
    assert placed + found.homeless.total() == sum(counts)
    used = {
        n: sum({"large": sizes[0], "small": sizes[1]}[r] * c for r, c in roles.items())
        for n, roles in found.placed.items()
    }
    assert all(used.get(space.node, 0) <= space.free for space in spaces)


def test_all_pods_of_a_worker_over_nvlink_stay_in_one_domain() -> None:
    spaces = [Space("a1", 4, "a"), Space("a2", 4, "a"), Space("b1", 4, "b")]

    fits = pack([Want("decode", 1, 2, 4, confined=True)], spaces)
    wider = pack([Want("decode", 1, 3, 4, confined=True)], spaces)

    assert fits.complete
    assert set(fits.placed) == {"a1", "a2"}
    assert wider.homeless == {"decode": 3}


def test_before_deploying_it_tells_where_each_pod_would_go() -> None:
    found = placement(case(view(deployed=False)))

    assert found.verdict is Verdict.PASSED
    assert found.what == "All 2 worker pods fit: gpu-0 prefill, gpu-1 decode."


def test_a_cordoned_node_is_named_with_the_command_that_brings_it_back() -> None:
    (found,) = failures(CORDONED)

    assert found.check == "placement"
    assert "No node has room for 1 × decode of 8 GPUs" in found.what or "1 × prefill of 8 GPUs" in found.what
    assert found.fix[0] == "gpu-1: cordoned. kubectl uncordon gpu-1"


def test_a_taint_is_named_with_the_toleration_to_write() -> None:
    (found,) = failures(view(deployed=False, nodes=seen(node("gpu-0"), node("gpu-1", taints=[TAINT]))))

    assert found.key == "hardware.tolerations"
    assert found.fix[0] == "gpu-1: taint team=other:NoSchedule. hardware.tolerations: [{key: team}]"


def test_a_tolerated_taint_is_no_trouble() -> None:
    hardware = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}
    look = view(deployed=False, nodes=seen(node("gpu-0"), node("gpu-1", taints=[TAINT])))

    assert not failures(look, hardware={**hardware, "tolerations": [{"key": "team"}]})


def test_gpus_that_another_pod_holds_are_named_with_the_pod() -> None:
    other = pod("notebook", on="gpu-1", gpus=4, namespace="research")
    (found,) = failures(view(deployed=False, pods=seen(other)))

    assert any("research/notebook (4)" in fix for fix in found.fix)


def test_what_would_fit_is_a_layout_that_the_model_fits_too() -> None:
    """Qwen3-30B on 8 GPUs fits the small preset; a node of 16 GPUs is half taken."""
    nodes = seen(
        node("gpu-0", labels={"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu.memory": "81559"})
    )
    hardware = {"gpu": "H100-80", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}
    look = view(deployed=False, nodes=nodes)

    (found,) = failures(look, model="Qwen/Qwen3-30B-A3B", hardware=hardware)

    assert "layout: lab-8gpu, whose 8 GPUs are free" in found.fix


def test_fewer_workers_are_proposed_before_a_smaller_preset() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": 2}}
    hardware = {"gpu": "H200", "nodes": 3, "gpusPerNode": 8, "interconnect": "infiniband"}

    (found,) = failures(view(deployed=False), layout=layout, hardware=hardware)

    assert "layout.decode.replicas: 1, which fits the free GPUs" in found.fix


def test_own_pods_that_have_their_gpus_do_not_stand_in_their_own_way() -> None:
    found = placement(case())

    assert found.what == "All 2 worker pods are scheduled: gpu-0 prefill, gpu-1 decode."


def test_what_cannot_be_seen_of_other_namespaces_is_not_taken_for_free_or_for_taken() -> None:
    look = view(deployed=False, nodes=seen(node("gpu-0")), pods=seen(everywhere=False))

    assert placement(case(look)).verdict is Verdict.UNKNOWN


def test_a_user_who_may_not_see_nodes_is_told_so() -> None:
    look = view(deployed=False, nodes=seen(error=ForbiddenError("list", "nodes", "on the cluster")))

    (found,) = gpu_findings(case(look))

    assert found.verdict is Verdict.UNKNOWN
    assert "This user may not list nodes on the cluster" in found.what


@pytest.mark.parametrize(
    ("labels", "words", "key"),
    [
        ({"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}, "hardware.gpu is H200", "hardware.gpu"),
        ({"nvidia.com/gpu.product": "NVIDIA-H200-SHARED"}, "time-slices", ""),
        (
            {"nvidia.com/gpu.memory": "70000"},
            "reports 73.4 GB per GPU; the plan assumes 150.1 GB",
            "hardware.nodeSelector",
        ),
        ({"nvidia.com/cuda.driver-version.major": "470"}, "has driver 470; the image's CUDA 12 needs 525", ""),
    ],
)
def test_a_wrong_gpu_is_told_by_its_label(labels: dict[str, str], words: str, key: str) -> None:
    nodes = seen(node("gpu-0", labels=labels), node("gpu-1", labels=labels))

    (found,) = failures(view(deployed=False, nodes=nodes))

    assert words in found.what.replace("have driver", "has driver")
    assert found.key == key


def test_nodes_with_different_gpus_are_told_apart_by_a_selector() -> None:
    nodes = seen(node("gpu-0"), node("gpu-1"), node("old", labels={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}))

    (found,) = failures(view(deployed=False, nodes=nodes))

    assert found.fix == ("hardware.nodeSelector: {nvidia.com/gpu.product: NVIDIA-H200}",)


def test_no_gpus_at_all_is_one_finding() -> None:
    (found,) = failures(view(deployed=False, nodes=seen(node("cpu-0", 0, labels={"nvidia.com/gpu.product": None}))))

    assert found.what == "No node of the cluster offers nvidia.com/gpu."


def test_rdma_under_another_name_is_found_among_what_the_nodes_offer() -> None:
    nodes = seen(*(node(name, rdma=0, resources={"rdma/hca_shared": "8"}) for name in ("gpu-0", "gpu-1")))

    found = failures(view(deployed=False, nodes=nodes))

    network = next(each for each in found if each.check == "network")
    assert network.fix == ("hardware.rdmaResource: rdma/hca_shared",)
    placed = next(each for each in found if each.check == "placement")
    assert placed.key == "hardware.rdmaResource"


def test_a_worker_larger_than_its_nvlink_domain_is_told() -> None:
    hardware = {"gpu": "GB200", "nodes": 8, "gpusPerNode": 4, "interconnect": "nvlink"}
    labels = {"nvidia.com/gpu.product": "NVIDIA-GB200", "nvidia.com/gpu.memory": "188416"}
    nodes = seen(*(node(f"n{i}", 4, labels={**labels, "nvidia.com/gpu.clique": f"c{i}"}) for i in range(8)))
    layout = {"preset": "lab-16gpu-multinode"}

    (found,) = fabric_findings(case(view(deployed=False, nodes=nodes), hardware=hardware, layout=layout))

    assert found.verdict is Verdict.FAILED
    assert found.what == "A worker has 2 pods, and the largest NVLink domain 1 nodes."
