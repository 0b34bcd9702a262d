"""The placement for a slide: a cell for each GPU with its number of experts, in letters that are legible in a room."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.placement import GpuPlace, compute_placement
from wideep_cli.canvas import Box, Canvas, Edge, Type
from wideep_cli.plan.gpubox import HAIRLINE, INK, MUTED, REDUNDANT
from wideep_cli.plan.picture import PANEL_FILL, PER_LINE, Line, lines_of, sizes_of
from wideep_cli.plan.view import RoleView, headline, role_views
from wideep_cli.stack_context import StackContext

__all__ = ["SMALLEST", "draw_slide"]

WIDTH, HEIGHT = 1600, 900
MARGIN, GAP = 40, 96
PANEL = (WIDTH - 2 * MARGIN - GAP) / 2
PANEL_TOP, PANEL_BOTTOM = 140, 810
ROWS_TOP = 240
LABEL = 88
"""Width of a node's name, left of its GPUs."""
PITCH, CELL = 60, 52
EXPERTS = "#1f6feb"
SMALLEST = 18.0
"""Size of the smallest letters in pixels: still 9 where the picture takes up half of a slide."""


@dataclass(frozen=True)
class Half:
    """One role's half of the slide."""

    view: RoleView
    lines: list[Line]
    x: float

    @property
    def shown(self) -> int:
        """The number of lines that are drawn; if not all fit, the last line says how many more there are."""
        room = int((PANEL_BOTTOM - ROWS_TOP) / PITCH)
        return len(self.lines) if len(self.lines) <= room else room - 1


def draw_slide(loaded: StackContext) -> str:
    """Return the slide as SVG, 16 : 9. The same plan gives the same text."""
    placement = compute_placement(loaded.settings)
    title = headline(loaded)
    canvas = Canvas(WIDTH, HEIGHT, f"Placement of {title}")
    canvas.text(loaded.plan.model, (MARGIN, 68), Type(44, bold=True))
    canvas.text(title.split(" · ", 1)[1], (MARGIN, 112), Type(26, MUTED))
    views = role_views(loaded)
    for index, view in enumerate(views):
        _half(canvas, Half(view, lines_of(placement, view), MARGIN + index * (PANEL + GAP)))
    middle = (PANEL_TOP + PANEL_BOTTOM) / 2
    canvas.arrow((MARGIN + PANEL + 12, middle), GAP - 24, INK, width=4)
    for row, word in enumerate(("KV", "cache")):
        canvas.text(word, (WIDTH / 2, middle - 40 + 22 * row), Type(20, bold=True, anchor="middle"))
    _legend(canvas, views)
    return canvas.svg()


def _half(canvas: Canvas, half: Half) -> None:
    view = half.view
    canvas.box(Box(half.x, PANEL_TOP, PANEL, PANEL_BOTTOM - PANEL_TOP), PANEL_FILL, HAIRLINE, round_by=10)
    left, right = half.x + 20, half.x + PANEL - 20
    canvas.text(view.role.capitalize(), (left, PANEL_TOP + 42), Type(30, bold=True))
    per_gpu = f"{view.plan.weights_gb:.0f} GB weights, {view.plan.kv_cache_gb:.0f} GB KV cache per GPU"
    canvas.text(per_gpu, (right, PANEL_TOP + 40), Type(SMALLEST, anchor="end"))
    canvas.text(sizes_of(view), (left, PANEL_TOP + 76), Type(20))
    for row, line in enumerate(half.lines[: half.shown]):
        _line(canvas, half.x, ROWS_TOP + row * PITCH, line)
    if rest := len(half.lines) - half.shown:
        at = (half.x + PANEL / 2, ROWS_TOP + half.shown * PITCH + 34)
        canvas.text(f"and {rest} more rows alike", at, Type(20, MUTED, anchor="middle"))


def _line(canvas: Canvas, x: float, y: float, line: Line) -> None:
    canvas.text(f"node {line.node}", (x + 16, y + CELL / 2 + 6), Type(SMALLEST))
    pitch = (PANEL - LABEL - 24) / PER_LINE
    for column, gpu in enumerate(line.gpus):
        _gpu(canvas, Box(x + 12 + LABEL + column * pitch, y, pitch - 6, CELL), gpu)


def _gpu(canvas: Canvas, box: Box, gpu: GpuPlace) -> None:
    own, copies = len(gpu.experts), len(gpu.redundant)
    canvas.box(box, "#ffffff", Edge("#8c959f"), round_by=4)
    count = f"{own} + {copies}" if copies else str(own)
    canvas.text(count, (box.x + box.width / 2, box.y + 25), Type(SMALLEST, bold=True, anchor="middle"))
    x, room = box.x + 5, box.width - 10
    for number, colour in ((own, EXPERTS), (copies, REDUNDANT)):
        width = room * number / (own + copies)
        if number:
            canvas.box(Box(x, box.bottom - 18, width, 13), colour)
        x += width


def _legend(canvas: Canvas, views: list[RoleView]) -> None:
    y, x = 856, MARGIN
    model = views[0].model
    names = [(EXPERTS, f"experts on a GPU, of {model.experts} in each of {model.moe_layers} MoE layers")]
    if any(view.plan.redundant_experts for view in views):
        names.append((REDUNDANT, "redundant copies, which EPLB gives to hot experts"))
    for colour, name in names:
        canvas.box(Box(x, y - 18, 20, 20), colour)
        canvas.text(name, (x + 30, y), Type(20))
        x += 80 + 10.5 * len(name)
