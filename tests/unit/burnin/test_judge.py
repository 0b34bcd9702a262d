"""What a burn-in finds: on figures recorded from real H100 and H200, and on the same with faults in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wideep.burnin.figures import Collective, Measured, read_lines
from wideep.burnin.judge import judge
from wideep.burnin.kept import kept_nodes, peaks_of
from wideep.burnin.links import pairs
from wideep.catalog import gpu_spec
from wideep.gpus import Gpu
from wideep.settings.burnin import Floor

RECORDED = Path(__file__).parent / "recorded"
H100 = gpu_spec(Gpu.H100_80)
Row = dict[str, Any]


def recorded(name: str) -> list[Row]:
    """The lines of a recording."""
    return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text().splitlines()]


def measured(rows: list[Row]) -> Measured:
    """As the program's log would say it."""
    return read_lines(json.dumps(row) for row in rows)


def told(rows: list[Row], *, rdma: bool = False, gpu: Gpu = Gpu.H100_80) -> list[str]:
    """The verdicts."""
    return [verdict.text for verdict in judge(measured(rows), gpu_spec(gpu), Floor(), rdma=rdma)]


def with_fault(change: Callable[[Row], Row | None]) -> list[Row]:
    """The healthy recording, each line changed or (None) left out."""
    return [row for row in map(change, recorded("h100x4-quick")) if row is not None]


def cluster(value: Callable[[int, int], float | None], via: str = "NET/IB/0/GDRDMA") -> list[Row]:
    """Two nodes of four GPUs each, with the bytes a second between GPU i of one and GPU j of the other."""
    port = {"port": "mlx5_0:1", "state": "4: ACTIVE", "rate": "400 Gb/sec (4X NDR)"}
    rows: list[Row] = []
    for node in ("a", "b"):
        for row in recorded("h100x4-quick"):
            named = {key: node for key in ("node", "to_node") if key in row}
            rows.append({**row, **named, **({"ports": [port]} if row["what"] == "node" else {})})
    for one in range(4):
        for other in range(4):
            link = {"node": "a", "gpu": one, "to_node": "b", "to_gpu": other}
            back = {"node": "b", "gpu": other, "to_node": "a", "to_gpu": one}
            for way in (link, back):
                rows.append({"what": "send", **way, "value": value(one, other)})
                rows.append({"what": "transport", **way, "via": [via]})
    return rows


@pytest.mark.parametrize(
    ("name", "gpu"), [("h100x4-quick", Gpu.H100_80), ("h200x4-quick", Gpu.H200), ("h200x4-full", Gpu.H200)]
)
def test_four_healthy_gpus_have_no_verdict(name: str, gpu: Gpu) -> None:
    assert told(recorded(name), gpu=gpu) == []


@pytest.mark.parametrize(
    ("name", "gpu", "fact"),
    [
        ("h100x4-straggler", Gpu.H100_80, "memory bandwidth 1.40 TB/s, 53 % under the median of 4 (3.02 TB/s); "),
        ("h200x4-straggler", Gpu.H200, "memory bandwidth 1.96 TB/s, 54 % under the median of 4 (4.25 TB/s); "),
    ],
)
def test_a_gpu_that_another_process_kept_busy_is_named_and_its_links_are_not(name: str, gpu: Gpu, fact: str) -> None:
    [verdict] = told(recorded(name), gpu=gpu)

    assert verdict.startswith(f"gpu-0 GPU 2: {fact}")
    assert verdict.endswith("see what else runs there (nvidia-smi) and what the driver logged (dmesg, Xid).")


def test_a_gpu_six_percent_slower_than_its_like_is_told_and_one_of_four_percent_is_not() -> None:
    def slower(by: float) -> list[Row]:
        def change(row: Row) -> Row:
            hit = row["what"] == "memory" and row["gpu"] == 1
            return {**row, "value": row["value"] * (1 - by)} if hit else row

        return told(with_fault(change))  # type: ignore[return-value]

    assert slower(0.04) == []
    [verdict] = slower(0.06)
    assert verdict.startswith("gpu-0 GPU 1: memory bandwidth 2.84 TB/s, 6 % under the median")  # type: ignore[attr-defined]


def test_gpus_that_are_all_slow_alike_fall_short_of_the_data_sheet() -> None:
    verdicts = told(with_fault(lambda row: {**row, "value": row["value"] * 0.8} if row["what"] == "memory" else row))

    assert len(verdicts) == 4
    assert "memory bandwidth 2.42 TB/s, 0.72 of the sheet where 0.85 is the least" in verdicts[0]


def test_a_node_with_a_missing_gpu_is_told() -> None:
    [verdict] = told(with_fault(lambda row: {**row, "wanted": 8} if row["what"] == "node" else row))

    assert verdict.startswith("gpu-0: nvidia-smi shows 4 of 8 GPUs. Cordon gpu-0;")


@pytest.mark.parametrize(
    ("what", "fields", "fact"),
    [
        ("load", {"reasons": 0x44}, "throttled under load: too hot (hardware)"),
        ("load", {"ecc_uncorrected": 3.0}, "3 uncorrected ECC errors"),
        ("gpu", {"nvlinks": 17}, "17 of 18 NVLinks are active"),
        ("gpu", {"watts_limit": 500.0}, "its power limit is 500 W where others have 700 W"),
        ("gpu", {"name": "NVIDIA A100-SXM4-80GB"}, "is a NVIDIA A100-SXM4-80GB, and the stack is planned for another"),
        ("bf16", {"digest": 5}, "computes a different product than 3 identical GPUs, from the same numbers"),
        ("bf16", {"stable": False}, "computes the same product twice with different bits"),
    ],
)
def test_what_is_odd_about_one_gpu_is_told_with_its_number(what: str, fields: Row, fact: str) -> None:
    verdicts = told(with_fault(lambda row: {**row, **fields} if (row["what"], row.get("gpu")) == (what, 3) else row))

    assert [verdict.startswith("gpu-0 GPU 3: ") and fact in verdict for verdict in verdicts] == [True]


def test_one_slow_link_is_named_by_both_ends() -> None:
    def change(row: Row) -> Row:
        hit = row["what"] == "send" and {row["gpu"], row["to_gpu"]} == {0, 3}
        return {**row, "value": row["value"] / 2} if hit else row

    [verdict] = told(with_fault(change))

    assert verdict.startswith("gpu-0 GPU 0 ↔ GPU 3: 178 GB/s, 50 % under the median of 6 (35")


def test_a_gpu_whose_links_are_all_slow_is_named_once() -> None:
    def change(row: Row) -> Row:
        hit = row["what"] == "send" and 1 in (row["gpu"], row["to_gpu"])
        return {**row, "value": row["value"] / 3} if hit else row

    [verdict] = told(with_fault(change))

    assert verdict.startswith("gpu-0 GPU 1: all its 3 links are slow")


def test_links_that_are_all_slow_alike_fall_short_of_the_data_sheet() -> None:
    [verdict] = told(with_fault(lambda row: {**row, "value": row["value"] / 2} if row["what"] == "send" else row))

    assert verdict.startswith("NVLink: 178 GB/s on its faster links, where 270 GB/s is the least (0.6 of the data")


def test_a_node_that_nobody_met_is_told_with_who_is_missing() -> None:
    [verdict] = told(recorded("nobody-came"))

    assert "no figures of the way to the other nodes for GPUs 0, 1, 2, 3 (TimeoutError: did not come" in verdict
    assert ": b)" in verdict


def test_a_program_that_was_killed_is_told() -> None:
    [verdict] = told(with_fault(lambda row: None if row["what"] == "done" else row))

    assert verdict == "gpu-0: the measuring program did not end. Run wideep burnin --nodes gpu-0 again."


def test_two_nodes_over_rdma_as_fast_as_their_adapters_are_well() -> None:
    assert told(cluster(lambda *_: 45e9), rdma=True) == []


def test_all_nodes_are_paired_and_each_group_in_the_shape_of_a_worker_has_its_own_collectives() -> None:
    found = measured(recorded("h200x4-four-nodes-tcp"))

    tried = {(one[0], other[0]) for one, other in pairs(found)}
    assert tried == {(one, other) for one in found.nodes for other in found.nodes if one < other}
    assert {(each.node, each.ranks) for each in found.of(Collective)} == {("n0", 2), ("n2", 2)}


def test_tcp_in_place_of_rdma_is_told_once_and_not_where_the_stack_has_none() -> None:
    """Recorded between two processes of one host that took each other for another host."""
    [verdict] = told(recorded("two-nodes-tcp"), rdma=True, gpu=Gpu.H200)

    assert verdict.startswith("a, b: NCCL used TCP instead of RDMA (NET/Socket [0]eth0:192.0.2.2<0>). Check that")
    assert told(recorded("two-nodes-tcp"), gpu=Gpu.H200) == []


def test_a_network_that_connects_only_equal_rails_is_told_as_that() -> None:
    [verdict] = told(cluster(lambda one, other: 45e9 if one == other else None), rdma=True)

    assert "connects only adapters of the same rail (all 4 pairs of the same rail answer, and none of the 12" in verdict


def test_a_gpu_of_which_no_link_answers_is_named_and_not_the_first_node_of_the_list() -> None:
    [verdict] = judge(
        measured(cluster(lambda _, other: None if other == 1 else 45e9)), gpu_spec(Gpu.H100_80), Floor(), rdma=True
    )

    assert (verdict.node, verdict.gpu) == ("b", 1)
    assert verdict.text.startswith("b GPU 1: 4 of its 4 links over the network give no answer (a GPU 0 ↔ b GPU 1, ")


def test_a_node_with_fewer_rdma_ports_than_others_is_told_with_those_that_it_has() -> None:
    rows = cluster(lambda *_: 45e9)
    port = {"port": "mlx5_1:1", "state": "4: ACTIVE", "rate": "400 Gb/sec (4X NDR)"}
    rows = [{**row, "ports": [*row["ports"], port]} if row.get("ports") and row["node"] == "a" else row for row in rows]

    assert told(rows, rdma=True)[0].startswith("b: 1 RDMA ports, where other nodes have 2 (mlx5_0:1). Look at lspci")


def test_one_pair_without_an_answer_is_told_with_both_ends() -> None:
    [verdict] = told(cluster(lambda one, other: None if (one, other) == (2, 1) else 45e9), rdma=True)

    assert verdict.startswith("the network: 1 of 16 pairs give no answer (a GPU 2 ↔ b GPU 1).")


def test_an_adapter_at_half_its_rate_is_told_against_the_others() -> None:
    [verdict] = told(cluster(lambda one, _: 22e9 if one == 0 else 45e9), rdma=True)

    assert verdict.startswith("a GPU 0: all its 4 links are slow (down to 22 GB/s, the median is 45 GB/s).")


def test_ways_around_within_a_node_are_told() -> None:
    rows = with_fault(lambda row: {**row, "via": ["SHM/direct/direct"]} if row["what"] == "transport" else row)

    [verdict] = told(rows)

    assert verdict.startswith("gpu-0: NCCL takes indirect paths between its own GPUs (SHM/direct/direct).")


def test_lines_of_libraries_between_the_figures_are_left_out() -> None:
    texts = (RECORDED / "h100x4-quick.jsonl").read_text().splitlines()
    noise = ["[W1128 socket.cpp:207] [c10d] The hostname cannot be retrieved", '{"what":"other","node":"x"}', "{half"]

    assert read_lines([*noise, *texts]) == read_lines(texts)
    assert len(read_lines(texts).lines) == len(texts)


def test_the_slowest_gpu_and_link_stand_for_the_peaks() -> None:
    found = measured(recorded("h100x4-straggler"))
    assert H100.peaks is not None

    peaks = peaks_of(kept_nodes(found, (), "now"), H100.peaks)

    assert peaks.hbm == pytest.approx(1.405e12, rel=1e-3)
    assert peaks.nvlink == min(value for value in pairs(found).values() if value)
    assert peaks.rdma == H100.peaks.rdma
