"""Progress of long work: one line that is rewritten on a terminal, occasional plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from wideep.text import duration

__all__ = ["Steps", "Total", "clock", "step", "steps"]

_QUIET_SECONDS = 30.0
_NEARLY = 0.95
"""Largest share of a running part that counts as done."""
_BELIEVED = 0.2
"""Share of the work from which on the remaining time is estimated from the pace so far instead of the forecast."""


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds: 1:23."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@dataclass
class Total:
    """The progress of work in several parts, which may run concurrently, from the seconds that each should take."""

    expected: Mapping[str, float]
    now: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _running: dict[str, None] = field(init=False, default_factory=dict[str, None])
    _ended: set[str] = field(init=False, default_factory=set[str])

    def __post_init__(self) -> None:
        self._began = self.now()

    def begin(self, part: str) -> None:
        """Record that the part has begun, possibly for the second time, if it has to be done in another way."""
        self._ended.discard(part)
        self._running[part] = None

    def end(self, part: str) -> None:
        """Record that the part is done."""
        self._running.pop(part, None)
        self._ended.add(part)

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self.now() - self._began

    @property
    def done(self) -> float:
        """Seconds of the forecast that are done: the elapsed time, at least the finished parts, at most `_NEARLY` of
        the running ones in addition."""
        ended = self._expected(self._ended)
        return min(max(self.elapsed, ended), ended + _NEARLY * self._expected(self._running))

    @property
    def left(self) -> float:
        """Seconds that the rest will take, at the pace so far once enough is done to judge it."""
        whole = sum(self.expected.values())
        pace = self.done / self.elapsed if self.elapsed and self.done >= _BELIEVED * whole else 1.0
        return (whole - self.done) / pace

    @property
    def far(self) -> str:
        """Overall progress: percent, parts done, and time left."""
        whole = sum(self.expected.values())
        percent = int(100 * self.done / whole) if whole else 100
        count = f"{len(self._ended & self.expected.keys())} of {len(self.expected)} done"
        return f"{percent} %, {count}, about {duration(self.left)} left"

    def __str__(self) -> str:
        return f"{self.far}: {', '.join(self._running)}" if self._running else self.far

    def _expected(self, parts: Mapping[str, None] | set[str]) -> float:
        return sum(self.expected.get(part, 0.0) for part in parts)


class Steps:
    """Steps that may run concurrently, in threads: each is shown while it runs, and reported when it is done.

    With a `total`, one line for all steps replaces the line for each.
    """

    def __init__(self, console: Console, shown: Progress | None, total: Total | None = None) -> None:
        self._console = console
        self._shown = shown  # None if the console is not a terminal
        self._total = total
        self._said = time.monotonic()
        self._line = shown.add_task(str(total), total=None) if shown and total else None

    @contextmanager
    def step(self, doing: str, done: str, part: str = "") -> Iterator[Callable[[], None]]:
        """Show DOING with the elapsed time, then DONE; PART is the step's name in the total.

        The caller should call the yielded function regularly while the step runs.
        """
        began = time.monotonic()
        task = self._shown.add_task(doing, total=None) if self._shown and self._line is None else None
        if self._shown is None:
            self._console.print(doing)
        if self._total:
            self._total.begin(part)
        try:
            yield lambda: self._tick(doing, began)
        finally:
            if self._shown and task is not None:
                self._shown.remove_task(task)
            if self._total:
                self._total.end(part)
        self._console.print(f"{done} in {clock(time.monotonic() - began)}")
        self._rewrite()

    def _tick(self, doing: str, began: float) -> None:
        self._rewrite()
        if self._shown is None and time.monotonic() - self._said >= _QUIET_SECONDS:
            self._said = time.monotonic()
            self._console.print(str(self._total) if self._total else f"{doing}, {clock(time.monotonic() - began)}")

    def _rewrite(self) -> None:
        if self._shown and self._line is not None:
            self._shown.update(self._line, description=str(self._total))


@contextmanager
def steps(console: Console, total: Total | None = None) -> Iterator[Steps]:
    """Yield the place on the screen for steps."""
    if not console.is_terminal:
        yield Steps(console, None, total)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        yield Steps(console, shown, total)


@contextmanager
def step(console: Console, doing: str, done: str) -> Iterator[Callable[[], None]]:
    """Show a single step."""
    with steps(console) as place, place.step(doing, done) as tick:
        yield tick
