"""Shows long work: a line that counts on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_QUIET_SECONDS = 30.0


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 1:23."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def step(console: Console, doing: str, done: str) -> Iterator[Callable[[], None]]:
    """Shows DOING with the time it has taken, then DONE. The function it yields wants a call now and then."""
    began = time.monotonic()
    said = began

    def elapsed() -> str:
        return clock(time.monotonic() - began)

    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as shown:
            shown.add_task(doing, total=None)
            yield lambda: None  # it counts by itself
    else:

        def tick() -> None:
            nonlocal said
            if time.monotonic() - said >= _QUIET_SECONDS:
                said = time.monotonic()
                console.print(f"{doing}, {elapsed()}")

        console.print(doing)
        yield tick
    console.print(f"{done} in {elapsed()}")
