"""The two small figures of docs/concepts.md: the KV cache under DP attention, and the busiest GPU with a copied
expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wideep_cli.canvas import Box, Canvas, Edge, Type, ink_on

__all__ = ["Bar", "draw_attention", "draw_balance"]

WIDTH = 1000
LEFT = 20
SHARED = "#9a6700"
OWN = ("#0969da", "#1a7f37", "#8250df", "#bf3989", "#1b7c83", "#953800", "#57606a", "#0a3069")
"""A colour for each DP rank of a node."""
BAR, HOT = "#0969da", "#bc4c00"
LINE = "#24292f"


def draw_attention(shared: int, own: int, gpus: int) -> str:
    """Return the KV cache of a worker's GPUs: under TP all hold the same ``shared`` tokens, under DP each holds
    ``own``."""
    canvas = Canvas(WIDTH, 270, "The KV cache under TP and under DP attention")
    rows = (
        (f"TP {gpus}: each GPU holds the same {shared:,} tokens", "all requests", [SHARED] * gpus),
        (f"DP {gpus}: each GPU holds {own:,} of its own, {gpus * own:,} in all", "DP rank {}'s", OWN[:gpus]),
    )
    for row, (title, whose, colours) in enumerate(rows):
        y = 30 + row * 125
        canvas.text(title, (LEFT, y), Type(18, bold=True))
        pitch = (WIDTH - 2 * LEFT) / gpus
        for gpu, colour in enumerate(colours):
            cell = Box(LEFT + gpu * pitch, y + 14, pitch - 8, 68)
            canvas.box(cell, colour, round_by=5)
            middle = cell.x + cell.width / 2
            canvas.text(f"GPU {gpu}", (middle, cell.y + 28), Type(15, ink_on(colour), anchor="middle"))
            canvas.text(whose.format(gpu), (middle, cell.y + 52), Type(15, ink_on(colour), anchor="middle"))
    return canvas.svg()


@dataclass(frozen=True)
class Bar:
    """The load of the busiest GPU, relative to the mean of all."""

    name: str
    load: float


def draw_balance(bars: Sequence[Bar], hot: int) -> str:
    """Return the load of the GPU with the hot expert, one bar per case, relative to the mean."""
    start, scale, pitch = 390, 300, 56
    canvas = Canvas(WIDTH, 84 + pitch * len(bars), "Load of the busiest GPU")
    title = f"Load of the GPU with an expert that gets {hot} times the average, over the mean of all GPUs"
    canvas.text(title, (LEFT, 30), Type(18, bold=True))
    for row, bar in enumerate(bars):
        y = 56 + row * pitch
        canvas.text(bar.name, (start - 14, y + 24), Type(16, anchor="end"))
        canvas.box(Box(start, y, scale, 34), BAR)
        canvas.box(Box(start + scale, y, (bar.load - 1) * scale, 34), HOT)
        canvas.text(f"{bar.load:.2f}", (start + bar.load * scale + 10, y + 24), Type(18, bold=True))
    canvas.box(Box(start + scale - 1, 46, 2, pitch * len(bars) + 4), LINE, Edge(LINE, 0))
    canvas.text("the mean", (start + scale, 72 + pitch * len(bars)), Type(15, anchor="middle"))
    return canvas.svg()
