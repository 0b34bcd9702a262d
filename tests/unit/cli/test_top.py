"""What `wideep top` makes of the metrics of a graph's pods: pages of the real frontend of 0.6.0 after 200 requests, and
of a simulated decode worker of eight ranks while they came."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.live import live, loaded, pod
from wideep_cli.deployment import DeployedGraph, GraphPod, members
from wideep_cli.exposition import Page, quantile
from wideep_cli.top.figures import Pages, Rank, Serving, serving, worker
from wideep_cli.top.look import Look, Top, figures
from wideep_cli.top.report import top_json, top_text
from wideep_cluster.objects import Component

SCRAPES = Path(__file__).parent / "scrapes"
FRONTEND, DECODE = (Page.read((SCRAPES / f"{name}-0.6.0.txt").read_text()) for name in ("frontend", "decode"))
IDLE = Page()
MODEL = "deepseek-ai/DeepSeek-R1"


def test_a_line_is_read_with_its_labels_and_what_is_no_number_is_left_out() -> None:
    page = Page.read('# TYPE a gauge\na{b="c\\"d\\n",e=""} 1.5e3 1700000000\na NaN\nb{ oops\nsglang:c 2\n')

    assert [(each.name, dict(each.labels), each.value) for each in page.samples] == [
        ("a", {"b": 'c"d\n', "e": ""}, 1500.0),
        ("sglang:c", {}, 2.0),
    ]


@pytest.mark.parametrize(
    ("share", "buckets", "value"),
    [
        (0.5, {0.1: 0, 0.2: 10, float("inf"): 10}, 0.15),
        (0.5, {0.1: 10, float("inf"): 10}, 0.05),
        (0.99, {0.1: 1, float("inf"): 100}, 0.1),
        (0.5, {0.1: 0, float("inf"): 0}, None),
        (0.5, {}, None),
    ],
)
def test_quantiles_are_those_of_promql(share: float, buckets: dict[float, float], value: float | None) -> None:
    assert quantile(share, buckets) == pytest.approx(value)


def test_rates_are_of_the_time_between_two_looks() -> None:
    said = serving(Pages(IDLE, FRONTEND.of_model(MODEL), 10), gpus=16)

    assert (said.requests, said.requests_per_second, said.errors, said.in_flight) == (200, 20, 0, 0)
    assert (said.tokens_per_second, said.tokens_per_second_per_gpu) == (400, 25)
    assert said.ttft.over == "interval"
    assert said.ttft.p50_ms == pytest.approx(21.67, abs=0.01)
    assert said.itl.p95_ms == pytest.approx(30.03, abs=0.01)


def test_without_a_request_in_the_interval_latencies_are_of_all_since_the_start() -> None:
    said = serving(Pages(FRONTEND, FRONTEND, 10), gpus=16)

    assert (said.requests_per_second, said.ttft.over, said.ttft.p50_ms) == (0, "start", pytest.approx(21.67, abs=0.01))
    assert serving(Pages(IDLE, IDLE, 10), gpus=16).ttft.p50_ms is None


def test_a_frontend_that_has_started_anew_has_no_negative_rates() -> None:
    said = serving(Pages(FRONTEND, IDLE, 10), gpus=16)

    assert (said.requests, said.requests_per_second, said.tokens_per_second) == (0, 0, 0)


def test_errors_leave_out_models_that_do_not_exist() -> None:
    text = "\n".join(
        f'dynamo_frontend_requests_total{{model="m",status="{status}",error_type="{kind}"}} {count}'
        for status, kind, count in (("success", "", 90), ("error", "internal", 3), ("error", "not_found", 7))
    )

    assert serving(Pages(IDLE, Page.read(text), 1), gpus=1).errors == 3


def test_a_worker_is_told_rank_by_rank() -> None:
    said = worker("decode-0", "d", Pages(IDLE, DECODE, 10))

    assert (said.running, said.queued, said.failed_transfers) == (7, 0, 0)
    assert said.ranks[5] == Rank("5", 0, 0.0)
    assert said.kv_use == pytest.approx(0.00115)
    assert said.spread == pytest.approx(8 / 7)
    assert said.tokens_per_second == pytest.approx(141.9)
    assert said.balancedness is None


def test_balancedness_is_the_mean_of_the_interval() -> None:
    def page(total: float, count: float) -> Page:
        return Page.read(f"sglang:eplb_balancedness_sum {total}\nsglang:eplb_balancedness_count {count}\n")

    assert worker("d", "d", Pages(page(80, 100), page(140, 200), 10)).balancedness == pytest.approx(0.6)
    assert worker("d", "d", Pages(page(80, 100), page(80, 100), 10)).balancedness == pytest.approx(0.8)


@pytest.fixture
def graph(tmp_path: Path) -> DeployedGraph:
    return live(loaded(tmp_path), None)


def _top(graph: DeployedGraph, **answers: Page | str) -> Top:
    """The figures of a frontend, a prefill and a decode worker, of which nothing was known ten seconds before."""
    found = members(graph.plan, [pod("frontend"), pod("prefill", "prefill"), pod("decode", "decode")])
    now = Look(10, found, {"frontend": FRONTEND, "prefill": DECODE, "decode": DECODE} | answers)
    before = Look(0, found, dict.fromkeys(now.answers, IDLE))
    return figures(graph, before, now)


def _drawn(graph: DeployedGraph, top: Top) -> str:
    console = Console(width=120, highlight=False)
    with console.capture() as captured:
        console.print(top_text(graph, top))
    return captured.get()


def test_the_text_has_the_frontends_figures_and_a_line_for_each_worker(graph: DeployedGraph) -> None:
    text = _drawn(graph, _top(graph))

    assert "20.0/s · 0 in flight · 0 waiting for their first token · 200 since the start" in text
    assert "400/s · 25.0/s per GPU" in text
    assert [line.split()[:3] for line in text.splitlines() if "× mean" in line] == [
        ["prefill-0", "7", "0"],
        ["decode-0", "7", "0"],
    ]


def test_a_worker_without_the_engines_metrics_is_told_which_key_turns_them_on(graph: DeployedGraph) -> None:
    text = _drawn(graph, _top(graph, decode=Page.read("dynamo_component_uptime_seconds 3")))

    assert "decode-0: exposes no metrics of SGLang. Set monitoring.enabled: true" in " ".join(text.split())


def test_pods_that_do_not_answer_are_named_and_the_others_are_shown(graph: DeployedGraph) -> None:
    top = _top(graph, frontend="Port 8000 of the pod does not respond to /metrics: refused.", prefill="no answer")
    found = json.loads(top_json(graph, top))

    assert found["serving"] is None
    assert found["serving_error"].startswith("Port 8000 of the pod does not respond")
    assert [(each["place"], each["note"], each["running"]) for each in found["workers"]] == [
        ("prefill-0", "no answer", 0),
        ("decode-0", "", 7),
    ]


def test_further_pods_of_a_worker_that_do_not_answer_are_one_line_that_says_what_the_figures_lack(
    graph: DeployedGraph,
) -> None:
    found = tuple(GraphPod(Component.DECODE, 0, rank, pod(f"d-{rank}", "decode")) for rank in (0, 1, 2))
    look = Look(10, found, {"d-0": DECODE, "d-1": "no answer", "d-2": "no answer"})
    text = " ".join(_drawn(graph, figures(graph, look, look)).split())

    assert "decode-0.1, decode-0.2: no answer Further pods of a worker refuse it on Dynamo 1.x" in text


@pytest.mark.parametrize("first", [{}, {"frontend": "no answer", "decode": "no answer"}])
def test_a_pod_that_was_not_heard_before_has_no_rates_yet(graph: DeployedGraph, first: dict[str, str]) -> None:
    top = _top(graph)
    found = members(graph.plan, [pod("frontend"), pod("decode", "decode")])
    now = Look(10, found, {"frontend": FRONTEND, "decode": DECODE})
    fresh = figures(graph, replace(now, at=0, answers=first), now)

    assert isinstance(top.serving, Serving)
    assert isinstance(fresh.serving, Serving)
    assert (fresh.serving.requests, fresh.serving.requests_per_second) == (200, 0)
    assert fresh.workers[0].tokens_per_second == 0
