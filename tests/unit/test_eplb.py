"""What `wideep eplb` reads from SGLang's log, and what it advises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ops.cluster import Ran
from ops.cluster.objects import Component
from ops.eplb import record as recording
from ops.eplb.engine_log import read
from ops.eplb.report import sparkline
from ops.eplb.verdict import Judged, Verdict, judge
from ops.live import Member
from ops.plan.view import RoleView
from tests.support.configs import settings
from tests.support.live import live, loaded, pod
from wideep.plan import make_plan
from wideep.rules.book import sites

FLAG = "--enable-expert-distribution-metrics"
STARTED = "[2026-01-01 00:00:00 DP0 TP0 EP0] [EPLBManager] system started, will rebalance per 1000 iterations."
START, END = "[EPLBManager] rebalance start", "[EPLBManager] rebalance end time=1.500s"


def passes(*values: float) -> list[str]:
    """Lines of forward passes with that balancedness."""
    return [
        f"[Expert Balancedness] forward_pass_id={number} current_pass_balancedness={value:.03f} "
        f"last_10_average_balancedness=0.500 gpu_physical_count_sum=4096"
        for number, value in enumerate(values)
    ]


def view(preset: str = "wide-32gpu", **changed: object) -> RoleView:
    """The decode role of a preset, which writes its balancedness."""
    stack = settings(layout={"preset": preset, "decode": {"extraArgs": [FLAG], **changed}})
    site = next(each for each in sites(stack) if each.name == "decode")
    return RoleView(site, make_plan(stack).roles[site.name])


def judged(role: RoleView, *lines: str) -> Judged:
    """The verdict on a log."""
    return judge(role, read(lines))


def test_rebalances_their_time_and_balancedness_are_read() -> None:
    log = read([STARTED, *passes(0.5, 0.75), START, END, START, "[EPLBManager] rebalance end", START])

    assert log.started
    assert (log.begun, log.rebalances, log.seconds) == (3, 2, (1.5,))
    assert log.balancedness == (0.5, 0.75)


def test_an_even_load_is_left_alone() -> None:
    found = judged(view(), STARTED, *passes(*[0.9] * 20))

    assert found.verdict is Verdict.LEAVE
    assert "0.90 over the last 20 forward passes: the busiest GPU has 11% more" in found.says
    assert found.steps == ()


def test_an_uneven_load_names_the_next_redundant_experts_and_what_they_take() -> None:
    found = judged(view(), STARTED, START, END, *passes(*[0.5] * 20))

    assert found.verdict is Verdict.CHANGE
    [step] = found.steps
    assert step.startswith("layout.decode.redundantExperts: 48   takes 2.6 GB of each GPU, leaves ")


def test_the_verdict_is_about_the_last_passes() -> None:
    assert judged(view(), STARTED, START, END, *passes(*[0.3] * 500, *[0.95] * 100)).verdict is Verdict.LEAVE


def test_more_slots_that_do_not_fit_are_refused_with_the_rule() -> None:
    tight = view("lab-16gpu-singlenode", redundantExperts=56, eplb={"enabled": True})

    found = judged(tight, STARTED, START, END, *passes(*[0.5] * 20))

    assert "layout.decode.redundantExperts: 64 is not to be had: " in found.steps[0]


def test_before_the_first_rebalance_the_advice_is_to_wait() -> None:
    assert "it comes after 1000 forward passes" in judged(view(), STARTED, *passes(0.4)).steps[0]


def test_where_eplb_is_off_turning_it_on_comes_first() -> None:
    off = view(redundantExperts=0, eplb={"enabled": False})

    assert judged(off, *passes(0.4)).steps[0].startswith("layout.decode.eplb: {enabled: true}")


@pytest.mark.parametrize(("enabled", "lines"), [(True, []), (False, [STARTED])])
def test_a_log_that_disagrees_with_the_stack_is_wrong(enabled: bool, lines: list[str]) -> None:
    role = view(eplb={"enabled": enabled}, redundantExperts=32 if enabled else 0)

    assert judged(role, *lines).verdict is Verdict.WRONG


def test_without_the_engines_metrics_it_cannot_be_told_and_the_flag_is_named() -> None:
    found = judged(view(extraArgs=[]), STARTED)

    assert found.verdict is Verdict.UNKNOWN
    assert f'layout.decode.extraArgs: ["{FLAG}"]' in found.steps[0]


@pytest.mark.parametrize(
    ("values", "bars"), [((), ""), ((0.0, 0.5, 1.0), "▁▅█"), ((0.1,) * 60 + (0.9,) * 60, "▁" * 30 + "█" * 30)]
)
def test_a_sparkline_has_at_most_its_width(values: tuple[float, ...], bars: str) -> None:
    assert sparkline(values) == bars


@contextmanager
def engine(asked: list[str]) -> Iterator[int]:
    """SGLang's HTTP server, as far as recording goes: its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_record_is_started_stopped_dumped_and_kept_on_the_cache_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = Member(Component.DECODE, 0, -1, pod("d", "decode"))
    asked: list[str] = []
    ran: list[list[str]] = []

    def run(_cluster: object, _pod: object, command: list[str], **_: object) -> Ran:
        ran.append(command)
        return Ran(0, "/dumps/expert_distribution_recorder_1.pt\n" if command[0] == "sh" else "", "")

    with engine(asked) as port:
        monkeypatch.setattr(recording, "forward", lambda *_: nullcontext(port))
        monkeypatch.setattr(recording, "run", run)
        monkeypatch.setattr(recording.time, "sleep", lambda _: None)
        line = recording.record(live(loaded(tmp_path), None), member, 60, lambda _: None)

    assert asked == [f"/{verb}_expert_distribution_record" for verb in ("start", "stop", "dump")]
    assert ran[1] == ["cp", "/dumps/expert_distribution_recorder_1.pt", "/model-cache/expert-distribution-decode.pt"]
    assert line == "layout.decode.eplb.initialExpertLocation: /model-cache/expert-distribution-decode.pt"
