"""What `wideep plan` and `wideep advise` say with `--measured`: the kept figures, beside the data sheet."""

from __future__ import annotations

import json
import re
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tests.support.burnin import FakeCluster
from tests.support.configs import settings
from wideep.burnin.kept import KeptGpu, KeptNode, peaks_of
from wideep.catalog import gpu_spec
from wideep.gpus import Gpu
from wideep.settings import Settings
from wideep_cli import measured
from wideep_cli.errors import CallError
from wideep_cli.measured import MeasuredShare, advised_nodes, measured_lines, measured_nodes, with_measured
from wideep_cli.options import OutputFormat
from wideep_cluster import ClusterError
from wideep_cluster.burnin.keep import keep, map_name

WHEN = "2026-11-28T08:00:00+00:00"
SHEET = gpu_spec(Gpu.H200).peaks


def a_node(name: str, memory: float = 4.25e12, gpu: str = "NVIDIA H200", **links: float) -> KeptNode:
    """A node of two GPUs, the second of this bandwidth."""
    gpus = tuple(KeptGpu(gpu=i, name=gpu, memory=rate, bf16=6.6e14) for i, rate in enumerate((4.25e12, memory)))
    return KeptNode(node=name, when=WHEN, gpus=gpus, **links)


@pytest.fixture
def stack() -> Settings:
    """Option A of the lab."""
    return settings()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """The stack's cluster."""
    fake = FakeCluster()
    monkeypatch.setattr(measured, "connect", lambda _: fake)
    return fake


def test_the_least_of_all_nodes_stands_for_the_peak_and_the_rest_is_the_data_sheets() -> None:
    assert SHEET

    found = peaks_of([a_node("a", nvlink=3.5e11), a_node("b", 2.1e12, nvlink=3.4e11)], SHEET)

    assert (found.hbm, found.bf16, found.nvlink) == (2.1e12, 6.6e14, 3.4e11)
    assert (found.fp8, found.rdma) == (SHEET.fp8, SHEET.rdma)


def test_figures_are_shown_with_their_share_and_what_they_allow_each_role(stack: Settings) -> None:
    assert SHEET
    first, *roles = measured_lines(stack, (a_node("a"), a_node("b", SHEET.hbm / 2)))

    assert first.startswith("The slowest GPU and link of 2 nodes (a, b; the oldest figure is of 2026-11-28): memory")
    assert "0.50 of the data sheet, bf16 660 TFLOP/s" in first
    assert "RDMA" not in first, "it was not measured"
    assert [line.split(":")[0] for line in roles] == ["prefill", "decode"]
    share = re.search(r"([0-9.]+) of the data sheet", roles[1])
    assert share
    assert float(share[1]) < 1


def test_kept_figures_are_found_on_the_cluster_and_those_of_other_gpus_left_out(
    stack: Settings, cluster: FakeCluster
) -> None:
    name = "deepseek-r1-wideep"
    keep(cluster, stack.namespace, name, (a_node("a"), a_node("old", gpu="NVIDIA H100 80GB HBM3")))  # pyright: ignore[reportArgumentType]
    assert map_name(name) in cluster.maps

    assert [node.node for node in measured_nodes(SimpleNamespace(), stack)] == ["a"]  # pyright: ignore[reportArgumentType]


def test_where_nothing_was_measured_the_way_to_it_is_told(stack: Settings, cluster: FakeCluster) -> None:
    with pytest.raises(ClusterError, match=r"No H200 was measured for deepseek-r1-wideep.*\n  Run wideep burnin"):
        measured_nodes(SimpleNamespace(), stack)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("output", list(OutputFormat))
def test_the_plan_has_it_in_each_form(stack: Settings, output: OutputFormat) -> None:
    report = "{}" if output is OutputFormat.JSON else "plan"

    shown = with_measured(report, stack, (a_node("a"),), output)

    screen = StringIO()
    Console(file=screen, width=400).print(shown)
    assert "decode" in screen.getvalue()
    if output is OutputFormat.JSON:
        assert json.loads(str(shown))["measured"]["nodes"][0]["node"] == "a"


def test_advice_without_a_stack_has_no_cluster_to_ask() -> None:
    question: Any = SimpleNamespace(source=None, stack=None)

    with pytest.raises(CallError, match=r"--measured asks the cluster of a stack.\n  Name it"):
        advised_nodes(question)


def test_the_share_says_what_is_predicted_of_what_the_hardware_allows() -> None:
    text = str(MeasuredShare(predicted=1000, measured=2500, sheet=5000, nodes=("a", "b")))

    assert "at most 2,500 tokens/s per GPU, 0.50 of the data sheet's 5,000; the prediction is 0.40 of that." in text
