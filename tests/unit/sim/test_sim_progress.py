"""Long work says how long it will take, how far it is, and what is left: by measured seconds, then by its own pace."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from rich.console import Console

from sim import demo
from sim.tools import fetch, find, forecast, progress
from sim.tools.catalog import TOOLS, Debian, Download, GoBuild, GoPackage, Tool, Wheel
from sim.tools.progress import Total, steps
from wideep.text import duration

GO = GoBuild((GoPackage("crane", "example.com/slow", "slow"),))
SLOW = Tool("slow", "1", GO, seconds=100)
WHEEL = Tool("wheel", "1", Wheel("wheel"), seconds=30)
RELEASE = Tool("release", "1", GO, download=Download("https://example.com/release"), seconds=400)
PUBLISHERS = Tool("publishers", "1", None, download=Download("https://example.com/other"))


class Clock:
    """Time that passes when it is told to."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made)
    return made


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any tool, which reaches the host of RELEASE alone."""
    monkeypatch.setattr(find, "find", lambda _: None)
    monkeypatch.setattr(fetch, "offered", lambda download: download == RELEASE.download)


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize(("cores", "slow"), [(1, 200), (2, 100), (8, 25)])
def test_builds_are_forecast_by_the_cores_and_the_rest_is_not(cores: int, slow: float) -> None:
    expected = forecast.forecast([SLOW, WHEEL, RELEASE, PUBLISHERS], cores)
    assert expected.seconds == {"release": 5, "slow": slow, "wheel": 30}
    assert "(1 to build, 1 to install, 1 to download)" in str(expected)
    assert f"about {duration(slow + 35)} on {cores} core" in str(expected)


def test_a_tool_that_is_here_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "find", lambda tool: None if tool is SLOW else "/usr/bin/it")
    assert forecast.forecast([SLOW, WHEEL], 2).seconds == {"slow": 100}


def test_each_tool_that_is_built_or_installed_has_the_seconds_it_takes() -> None:
    quick = {tool.name for tool in TOOLS if tool.source and tool.seconds <= 1}
    wheels = {tool.name for tool in TOOLS if isinstance(tool.source, Wheel | Debian)}
    assert quick <= wheels | {"sim-registry"}  # which shares all its modules with crane


def test_progress_follows_the_clock_within_what_the_parts_allow() -> None:
    now = Clock()
    total = Total({"a": 100.0, "b": 300.0}, now)
    total.begin("a")
    assert total.far == "0 %, 0 of 2 done, about 6 min left"
    now.seconds += 50
    assert str(total) == "12 %, 0 of 2 done, about 5 min left: a"
    now.seconds += 450  # `a` takes longer than was forecast: it is not taken for done
    assert (total.done, total.left) == (95, pytest.approx((400 - 95) / (95 / 500)))


def test_what_is_left_is_counted_by_the_pace_so_far() -> None:
    now = Clock()
    total = Total({"a": 100.0, "b": 300.0}, now)
    total.begin("a")
    now.seconds += 50
    total.end("a")  # twice as fast as forecast
    assert total.left == pytest.approx(150)
    total.begin("b")
    now.seconds += 150
    total.end("b")
    assert total.far == "100 %, 2 of 2 done, about 0 s left"


def test_a_part_that_starts_again_is_not_done_and_one_that_nobody_forecast_is_not_counted() -> None:
    total = Total({"a": 100.0}, Clock())
    for part in ("a", "go"):
        total.begin(part)
        total.end(part)
    assert "1 of 1 done" in total.far
    total.begin("a")
    assert "0 of 1 done" in total.far


def _work(console: Console, clock: Clock) -> str:
    with steps(console, Total({"a": 100.0, "b": 300.0}, clock)) as place:
        with place.step("building a", "built a", "a") as tick:
            for _ in range(4):
                clock.seconds += 20
                tick()
        with place.step("building b", "built b", "b"):
            pass
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_without_a_terminal_the_total_is_said_now_and_then(clock: Clock) -> None:
    said = _work(Console(file=io.StringIO(), width=100), clock).splitlines()
    assert said == [
        "building a",
        "10 %, 0 of 2 done, about 6 min left: a",
        "20 %, 0 of 2 done, about 5 min left: a",
        "built a in 1:20",
        "building b",
        "built b in 0:00",
    ]


def test_on_a_terminal_the_total_is_one_line(clock: Clock) -> None:
    said = _work(Console(file=io.StringIO(), width=100, force_terminal=True, highlight=False), clock)
    assert "built a in 1:20" in said
    assert "building a" not in said


@pytest.mark.usefixtures("nothing_here")
def test_the_demo_says_at_the_start_how_long_it_takes_and_at_each_step_what_is_left(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    monkeypatch.setattr(demo, "console", console)
    monkeypatch.setattr(demo, "forecast", lambda: forecast.forecast([SLOW, WHEEL], 2))
    total = replace(demo._forecast(), now=clock)
    with _steps_of(clock, total):
        pass
    said = console.file.getvalue()  # type: ignore[attr-defined]
    whole = duration(130 + sum(demo.STEPS.values()))
    assert f"The demo takes about {whole} in all, in 4 steps." in said
    assert f"Tools and cluster (0 %, 0 of 4 done, about {whole} left)" in said
    first = 130 + demo.STEPS["Tools and cluster"]
    left = 130 + sum(demo.STEPS.values()) - first
    assert f"Preview ({100 * first / (first + left):.0f} %, 1 of 4 done, about {duration(left)} left)" in said


@contextmanager
def _steps_of(clock: Clock, total: Total) -> Iterator[None]:
    with demo.step("Tools and cluster", total):
        clock.seconds += total.expected["Tools and cluster"]
    with demo.step("Preview", total):
        yield
