"""What `wideep eplb` reads from SGLang's log, and what it advises."""

from __future__ import annotations

import pytest

from tests.support.configs import settings
from tests.support.live import METRICS as FLAG
from tests.support.live import decode_view as view
from wideep.engines import engine_of
from wideep_cli.eplb.engine_log import read
from wideep_cli.eplb.report import sparkline
from wideep_cli.eplb.verdict import Judged, Verdict, judge
from wideep_cli.plan.view import RoleView

FORM = engine_of(settings()).log

STARTED = "[2026-01-01 00:00:00 DP0 TP0 EP0] [EPLBManager] system started, will rebalance per 1000 iterations."
START, END = "[EPLBManager] rebalance start", "[EPLBManager] rebalance end time=1.500s"


def passes(*values: float) -> list[str]:
    """Lines of forward passes with that balancedness."""
    return [
        f"[Expert Balancedness] forward_pass_id={number} current_pass_balancedness={value:.03f} "
        f"last_10_average_balancedness=0.500 gpu_physical_count_sum=4096"
        for number, value in enumerate(values)
    ]


def judged(role: RoleView, *lines: str) -> Judged:
    """The verdict on a log."""
    return judge(role, read(lines, FORM))


def test_rebalances_their_time_and_balancedness_are_read() -> None:
    log = read([STARTED, *passes(0.5, 0.75), START, END, START, "[EPLBManager] rebalance end", START], FORM)

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
    tight = view("lab-16gpu-singlenode", redundantExperts=48, eplb={"enabled": True})

    found = judged(tight, STARTED, START, END, *passes(*[0.5] * 20))

    assert "layout.decode.redundantExperts: 56 is not possible: " in found.steps[0]


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
