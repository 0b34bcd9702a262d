"""The lines that the simulated cluster prints in place of the measuring program are ones that the command reads."""

from __future__ import annotations

import pytest

from sim.kubelet.burnin import LOST_ADAPTER, RAIL_ONLY, SLOW, SLOW_ADAPTER, lines
from wideep.burnin.figures import GpuFigure, Send, Transport, read_lines
from wideep.burnin.judge import judge
from wideep.catalog import gpu_spec
from wideep.gpus import Gpu
from wideep.settings.burnin import Floor

NODE = {"metadata": {"labels": {"nvidia.com/gpu.product": "NVIDIA-H200"}}}


def container(name: str) -> dict[str, object]:
    """As the command makes it."""
    return {"name": "burnin", "args": ["--node", name, "--nodes", "a,b", "--gpus", "4", "--quick"]}


def test_two_healthy_nodes_are_complete_and_have_no_verdict() -> None:
    text = [*lines(container("a"), NODE), *lines(container("b"), NODE)]

    found = read_lines(text)

    assert len(found.lines) == len(text)
    assert [len(found.of(kind)) for kind in (GpuFigure, Send, Transport)] == [8 * 3, 8 * 7, 8 * 7]
    assert judge(found, gpu_spec(Gpu.H200), Floor(), rdma=True) == ()


def test_the_slow_gpu_of_a_node_is_the_one_that_its_annotation_names() -> None:
    slow = {"metadata": {**NODE["metadata"], "annotations": {SLOW: "2"}}}

    [verdict] = judge(read_lines(lines(container("a"), slow)), gpu_spec(Gpu.H200), Floor(), rdma=True)

    assert (verdict.node, verdict.gpu) == ("a", 2)


@pytest.mark.parametrize(
    ("fault", "place", "fact"),
    [
        (SLOW_ADAPTER, ("b", 2), "all its 4 links are slow (down to 15 GB/s, the median is 45 GB/s)"),
        (RAIL_ONLY, ("a", None), "connects only adapters of the same rail (all 4 pairs of the same rail answer"),
        (LOST_ADAPTER, ("b", 2), "4 of its 4 links over the network give no answer"),
    ],
)
def test_a_fault_of_the_network_is_the_verdict_on_what_its_annotation_names(
    fault: str, place: tuple[str, int | None], fact: str
) -> None:
    broken = {"metadata": {**NODE["metadata"], "annotations": {fault: "2"}}}
    text = [*lines(container("a"), NODE), *lines(container("b"), broken)]

    *_, verdict = judge(read_lines(text), gpu_spec(Gpu.H200), Floor(), rdma=True)

    assert (verdict.node, verdict.gpu) == place
    assert fact in verdict.text
