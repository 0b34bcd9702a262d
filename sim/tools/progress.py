"""Shows long work: lines that count on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["Steps", "clock", "step", "steps"]

_QUIET_SECONDS = 30.0


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 1:23."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Steps:
    """Steps that may run side by side, in threads: each is shown while it runs, and told when it is done."""

    def __init__(self, console: Console, shown: Progress | None) -> None:
        self._console = console
        self._shown = shown  # None where nobody looks at a terminal

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[Callable[[], None]]:
        """Shows DOING with the time it has taken, then DONE. The function it yields wants a call now and then."""
        began = said = time.monotonic()

        def elapsed() -> str:
            return clock(time.monotonic() - began)

        def tick() -> None:
            nonlocal said
            if self._shown is None and time.monotonic() - said >= _QUIET_SECONDS:
                said = time.monotonic()
                self._console.print(f"{doing}, {elapsed()}")

        task = self._shown.add_task(doing, total=None) if self._shown else None
        if self._shown is None:
            self._console.print(doing)
        try:
            yield tick
        finally:
            if self._shown and task is not None:
                self._shown.remove_task(task)
        self._console.print(f"{done} in {elapsed()}")


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    """The place on the screen for steps."""
    if not console.is_terminal:
        yield Steps(console, None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        yield Steps(console, shown)


@contextmanager
def step(console: Console, doing: str, done: str) -> Iterator[Callable[[], None]]:
    """One step alone."""
    with steps(console) as place, place.step(doing, done) as tick:
        yield tick
