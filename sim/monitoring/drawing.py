"""Dashboards drawn as an HTML page: one SVG per panel, with its unit, its description and a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["Board", "Drawn", "Line", "page"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 200, 66, 12, 10, 22
COLOURS: Final = ("#1a7f37", "#8250df", "#0969da", "#bc4c00", "#bf3989", "#1b7c83", "#9a6700", "#57606a")
TICKS: Final = 4
SHOWN: Final = 12
"""Maximum number of names in a legend."""
STYLE: Final = """
body { font: 14px Helvetica, Arial, 'DejaVu Sans', sans-serif; color: #1b1f24; background: #f6f8fa; margin: 24px; }
section { display: grid; grid-template-columns: repeat(2, 600px); gap: 16px; }
figure { background: white; border: 1px solid #d8dee4; border-radius: 6px; margin: 0; padding: 12px 16px; }
h1 { font-size: 20px; margin: 24px 0 12px; } h2 { font-size: 14px; margin: 0; }
p { color: #57606a; font-size: 12px; margin: 2px 0 6px; }
ul { display: flex; flex-wrap: wrap; gap: 2px 12px; list-style: none; padding: 0; margin: 4px 0 0; font-size: 12px; }
li::before { content: '\\25A0\\00a0'; color: var(--colour); }
"""


@dataclass(frozen=True)
class Line:
    """One series: its name in the legend, and values by time (seconds since the epoch)."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Drawn:
    """A panel with its data."""

    title: str
    description: str
    unit: str
    """The id of a Grafana unit."""
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Board:
    """A dashboard with its data."""

    title: str
    panels: tuple[Drawn, ...]


def page(boards: Sequence[Board], start: float, end: float) -> str:
    """Return one self-contained HTML page."""

    def section(board: Board) -> str:
        figures = "".join(_figure(each, start, end) for each in board.panels)
        return f"<h1>{escape(board.title)}</h1><section>{figures}</section>"

    body = "".join(map(section, boards))
    head = f'<meta charset="utf-8"><title>Dashboards</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _figure(panel: Drawn, start: float, end: float) -> str:
    head = f"<h2>{escape(panel.title)}</h2><p>{escape(panel.description)}</p>"
    return f"<figure>{head}{_plot(panel, start, end)}{_legend(panel.lines)}</figure>"


def _plot(panel: Drawn, start: float, end: float) -> str:
    most = max((value for line in panel.lines for _, value in line.points), default=0.0)
    top = _round_up(most)
    ticks = "".join(_tick(top * number / TICKS, top, panel.unit) for number in range(TICKS + 1))
    lines = "".join(_polyline(line, number, top, (start, end)) for number, line in enumerate(panel.lines))
    minutes = f"{(end - start) / 60:.0f} min"
    span = _text(LEFT, HEIGHT - 4, f"\u2212{minutes}", "start") + _text(WIDTH - RIGHT, HEIGHT - 4, "now", "end")
    empty = "" if panel.lines else _text(WIDTH / 2, HEIGHT / 2, "no data", "middle")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{ticks}{lines}{span}{empty}</svg>'


def _round_up(most: float) -> float:
    """Return the next of 1, 2, 4, 6, 8 and 10, times a power of ten, so that quarters are short numbers."""
    if most <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(most))
    return next(step * ten for step in (1, 2, 4, 6, 8, 10, 20) if step * ten >= most)


def _tick(value: float, top: float, unit: str) -> str:
    y = _height(value, top)
    line = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d8dee4"/>'
    return line + _text(LEFT - 6, y + 4, shown(value, unit), "end")


def _polyline(line: Line, number: int, top: float, span: tuple[float, float]) -> str:
    start, end = span
    across = WIDTH - LEFT - RIGHT
    points = " ".join(
        f"{LEFT + (at - start) / (end - start) * across:.1f},{_height(value, top):.1f}" for at, value in line.points
    )
    return f'<polyline points="{points}" fill="none" stroke="{_colour(number)}" stroke-width="1.5"/>'


def _height(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - max(0.0, value) / top * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="11" fill="#57606a" text-anchor="{anchor}">{escape(words)}</text>'


def _legend(lines: Sequence[Line]) -> str:
    items = [
        f'<li style="--colour: {_colour(number)}">{escape(line.name)}</li>' for number, line in enumerate(lines[:SHOWN])
    ]
    more = [f"<li>and {len(lines) - SHOWN} more</li>"] if len(lines) > SHOWN else []
    return f"<ul>{''.join([*items, *more])}</ul>"


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def shown(value: float, unit: str) -> str:
    """Return an axis value in the unit of its panel."""
    match unit:
        case "bytes":
            return f"{value / 1e9:.0f} GB"
        case "percentunit":
            return f"{100 * value:.3g} %"
        case "percent":
            return f"{value:.3g} %"
        case "s":
            return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
        case "reqps":
            return f"{value:.3g}/s"
        case _:
            return f"{value:.3g}"
