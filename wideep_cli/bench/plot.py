"""Plot throughput against latency: what a GPU serves, and how fast a user gets an answer."""
# drawsvg has no types:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wideep_cli.bench.result import Result
from wideep_cli.picture_file import write_picture

__all__ = ["write_plot"]

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 440, 70, 60, 30, 60
COLOURS: Final = ("#1a7f37", "#8250df")
INK, GREY, GRID = "#1b1f24", "#57606a", "#d8dee4"
Style = tuple[int, str, str]
"""A text's size, colour and anchor: which end of it is at the given position."""
TITLE: Final[Style] = (15, INK, "start")
FONT: Final = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
TICKS: Final = 5


@dataclass(frozen=True)
class _Axes:
    """The largest value of each axis: tokens/s per user and per GPU."""

    user: float
    gpu: float

    def at(self, user: float, gpu: float) -> tuple[float, float]:
        """Return the position of a value, in pixels."""
        x = LEFT + user / self.user * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - gpu / self.gpu * (HEIGHT - TOP - BOTTOM), 1)


def write_plot(results: Sequence[Result], path: Path) -> None:
    """Draw each result as a line through its concurrencies.

    Raises:
        CallError: the file's extension is of another format than SVG or PNG, or the file cannot be written.
    """
    import drawsvg

    points = [point for result in results for point in result.points]
    axes = _Axes(
        1.1 * max(point.tokens_per_second_per_user for point in points) or 1.0,
        1.1 * max(point.tokens_per_second_per_gpu for point in points) or 1.0,
    )
    drawing = drawsvg.Drawing(WIDTH, HEIGHT, font_family=FONT)
    drawing.append(drawsvg.Rectangle(0, 0, WIDTH, HEIGHT, fill="white"))
    _frame(drawing, axes, results[0])
    for number, result in enumerate(results):
        _line(drawing, axes, result, number)
    write_picture("--plot", path, str(drawing.as_svg()))


def _text(drawing: Any, words: str, at: tuple[float, float], style: Style) -> None:
    import drawsvg

    size, colour, anchor = style
    drawing.append(drawsvg.Text(words, size, *at, fill=colour, text_anchor=anchor))


def _frame(drawing: Any, axes: _Axes, result: Result) -> None:
    """Draw the title, the grid and the names of the axes."""
    import drawsvg

    title = f"{result.model} · {result.layout} · {result.isl} tokens in, {result.osl} out"
    _text(drawing, title, (LEFT, 26), TITLE)
    for step in range(TICKS + 1):
        user, gpu = axes.user * step / TICKS, axes.gpu * step / TICKS
        x, y = axes.at(user, gpu)
        drawing.append(drawsvg.Line(LEFT, y, WIDTH - RIGHT, y, stroke=GRID))
        _text(drawing, f"{gpu:.3g}", (LEFT - 8, y + 4), (11, GREY, "end"))
        _text(drawing, f"{user:.3g}", (x, HEIGHT - BOTTOM + 18), (11, GREY, "middle"))
    _text(drawing, "tokens/s per user", (WIDTH / 2, HEIGHT - 16), (12, INK, "middle"))
    _text(drawing, "tokens/s per GPU", (LEFT - 8, TOP - 12), (12, INK, "start"))


def _line(drawing: Any, axes: _Axes, result: Result, number: int) -> None:
    """Draw one result, each point with its number of users."""
    import drawsvg

    colour = COLOURS[number % len(COLOURS)]
    places = [axes.at(point.tokens_per_second_per_user, point.tokens_per_second_per_gpu) for point in result.points]
    if len(places) > 1:
        flat = [coordinate for place in places for coordinate in place]
        drawing.append(drawsvg.Lines(*flat, fill="none", stroke=colour, stroke_width=2))
    for (x, y), point in zip(places, result.points, strict=True):
        drawing.append(drawsvg.Circle(x, y, 4, fill=colour))
        _text(drawing, str(point.concurrency), (x + 7, y - 6), (11, colour, "start"))
    named = f"{result.engine} · {result.started}" if result.engine else result.started
    _text(drawing, named, (WIDTH - RIGHT, TOP + 14 * number - 12), (11, colour, "end"))
