"""Which change a remedy is: the smallest of its kind that helps, with all that goes with it."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from tests.support.configs import EXAMPLE, settings, site
from wideep.rules.larger import resized
from wideep.rules.registry import sites
from wideep.rules.remedies import for_cache, for_outside
from wideep.rules.remedy import Remedy
from wideep.rules.role_context import RoleContext
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Role

LAB = "lab-16gpu-singlenode"


def small(**changed: object) -> RoleContext:
    """A role of a model that is small for its GPUs."""
    stack = settings(model=EXAMPLE, layout={"preset": "lab-8gpu", "decode": changed})
    return next(each for each in sites(stack) if each.name is Role.DECODE)


def pool(remedies: list[Remedy]) -> str | None:
    return next((each.keys for each in remedies if "memFractionStatic" in each.keys), None)


@pytest.mark.parametrize(
    ("fraction", "gain_gb", "keys"),
    [
        (0.57, 0.0, "memFractionStatic: 0.58"),
        (0.57, 0.9, "memFractionStatic: 0.59"),
        (0.5, 0.5, "memFractionStatic: 0.51"),
        (0.94, 0.5, "memFractionStatic: 0.95"),
        (0.95, 0.5, None),
    ],
)
def test_a_pool_grows_by_whole_hundredths_up_to_95(fraction: float, gain_gb: float, keys: str | None) -> None:
    """A hundredth of what is free on an H100 is 0.83 GB."""
    given = small(memFractionStatic=fraction)
    given = replace(given, hardware=given.hardware.model_copy(update={"gpu": Gpu.H100_80}))
    assert pool(for_cache(given, gain_gb)) == keys
    if gain_gb == 0:
        assert pool(for_cache(given)) == keys


@pytest.mark.parametrize(("fraction", "keys"), [(0.58, "memFractionStatic: 0.57"), (0.575, "memFractionStatic: 0.57")])
def test_it_shrinks_by_them_too(fraction: float, keys: str) -> None:
    assert pool(for_outside(small(memFractionStatic=fraction), 0.5)) == keys
    assert pool(for_outside(small(memFractionStatic=0.31), 0.5)) is None


def test_a_worker_of_more_gpus_keeps_what_was_all_of_them_and_what_was_not() -> None:
    wide = site("prefill", redundantExperts=16, chunkedPrefillSize=65_536)
    twice = resized(wide, 32).role
    assert (twice.nodes, twice.gpus_per_node, twice.tp, twice.dp, twice.ep) == (4, 8, 32, 32, 32)
    assert (twice.redundant_experts, twice.chunked_prefill_size) == (32, 131_072)

    parts = site("prefill", LAB, dp=2, ep=4, chunkedPrefillSize=8192)
    more = resized(parts, 16).role
    assert (more.nodes, more.tp, more.dp, more.ep) == (2, 16, 2, 4)
    assert (more.redundant_experts, more.chunked_prefill_size) == (0, 8192)

    stages = resized(site("prefill", LAB, nodes=2, pp=2), 32).role
    assert (stages.nodes, stages.tp, stages.ep, stages.chunked_prefill_size) == (4, 16, 16, None)
    assert resized(site("prefill", LAB), 4).role.gpus_per_node == 4


@pytest.mark.parametrize(("gain_gb", "chunk"), [(20.0, 65_536), (30.0, 32_768), (40.0, 16_384)])
def test_a_chunk_is_halved_until_it_helps(gain_gb: float, chunk: int) -> None:
    given = site("prefill", "lab-32gpu", chunkedPrefillSize=131_072, memFractionStatic=0.6)
    found = [each for each in for_outside(given, gain_gb) if "chunkedPrefillSize" in each.keys and each.gpus is None]
    assert [each.keys for each in found] == [f"chunkedPrefillSize: {chunk}"]
    assert found[0].site.role.chunked_prefill_size == chunk


@pytest.mark.parametrize(("gain_gb", "largest"), [(3.0, 256), (8.0, 128), (11.0, 64)])
def test_so_is_the_largest_captured_batch(gain_gb: float, largest: int) -> None:
    found = [each for each in for_outside(site("decode", "lab-32gpu"), gain_gb) if "Graph" in each.keys]
    (sizes,) = (each.site.role.cuda_graph_batch_sizes or () for each in found)
    assert sizes == tuple(2**power for power in range(largest.bit_length()))
    assert found[0].keys == f"cudaGraphBatchSizes: [{', '.join(map(str, sizes))}]"


def test_fewer_experts_are_as_many_as_the_gpus_share_evenly_and_never_more() -> None:
    given = site("decode", redundantExperts=64)
    fewer = [each.keys for each in for_cache(given, 3.0) if each.gpus is None]
    assert fewer == ["memFractionStatic: 0.83", "redundantExperts: 32"]
    none_are_left = for_cache(site("decode", redundantExperts=0), 1.0)
    assert [each.keys for each in none_are_left if each.gpus is None] == ["memFractionStatic: 0.81"]


def test_a_number_of_experts_that_is_far_too_large_is_answered_at_once() -> None:
    started = time.process_time()
    offered = for_outside(site("decode", redundantExperts=65536), 0.0)
    assert time.process_time() - started < 5
    found = [re.search(r"redundantExperts: (\d+)", each.keys) for each in offered]
    assert all(int(each[1]) <= 256 for each in found if each)


def test_a_remedy_is_written_under_its_role_or_under_the_stack() -> None:
    given = site("decode", LAB)
    one, two = Remedy("pp: 1", given), Remedy("pp: 1, tp: 8", given, besides=("hardware.nodes: 5",))
    assert (one.stated, one.under_stack) == ("pp: 1", "layout.decode.pp: 1")
    assert two.stated == "pp: 1, tp: 8 and hardware.nodes: 5"
    assert two.under_stack == "layout.decode: {pp: 1, tp: 8} and hardware.nodes: 5"
