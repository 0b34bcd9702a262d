"""The links of a burn-in as a picture: one cell per pair of GPUs, coloured by its share of the median of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from wideep.burnin.figures import Measured
from wideep.burnin.links import Place, pairs
from wideep_cli.canvas import Box, Canvas, Type, ink_on
from wideep_cli.errors import CallError
from wideep_cli.picture_file import write_picture

__all__ = ["draw_links", "write_links"]

MARGIN, TOP, LABEL = 40, 132, 110
MOST_PIXELS: Final = 900
CELL: Final = 44
MOST_GPUS: Final = 64
"""With more GPUs, a cell stands for two nodes and shows their slowest pair of GPUs."""
NUMBERED: Final = 30
"""Smallest side, in pixels, of a cell that shows its GB/s."""
MUTED, LOST = "#57606a", "#1b1f24"
SCALE: Final = ((0.95, "#1a7f5a"), (0.9, "#6cc08b"), (0.8, "#f2c94c"), (0.6, "#f2994a"), (0.0, "#c0392b"))
"""Each colour, and the share of the median from which it applies."""

Links = Mapping[tuple[Place, Place], float | None]


def write_links(measured: Measured, file: Path) -> None:
    """Write the picture as SVG or PNG.

    Raises:
        CallError: no link was measured, the file's extension is of another format, or the file cannot be written.
    """
    found = pairs(measured)
    if not found:
        raise CallError("--svg draws links, and none was measured.", "Leave out --only memory or --only compute.")
    write_picture("--svg", file, draw_links(found))


def draw_links(found: Links) -> str:
    """Return the picture as SVG."""
    places = sorted({place for pair in found for place in pair})
    rows = [f"{node} GPU {gpu}" for node, gpu in places]
    cells = {(places.index(one), places.index(other)): value for (one, other), value in found.items()}
    kinds = {(places.index(one), places.index(other)): one[0] == other[0] for one, other in found}
    if len(places) > MOST_GPUS:
        rows, cells = _by_node(found)
        kinds = {(one, other): one == other for one, other in cells}
    medians = {
        inside: median([v for pair, v in cells.items() if v is not None and kinds[pair] is inside] or [0.0])
        for inside in (True, False)
    }
    side = min(CELL, MOST_PIXELS / len(rows))
    canvas = Canvas(2 * MARGIN + LABEL + len(rows) * side, TOP + len(rows) * side + 3 * MARGIN, "Links of a burn-in")
    canvas.text("Links, GB/s: the slower way of each two", (MARGIN, 52), Type(22, bold=True))
    shown = " · ".join(
        f"{name}: median {medians[inside] / 1e9:.3g}"
        for inside, name in ((True, "within a node"), (False, "between nodes"))
        if medians[inside]
    )
    canvas.text(shown, (MARGIN, 78), Type(14, MUTED))
    for index, name in enumerate(rows):
        canvas.text(name, (MARGIN + LABEL - 8, TOP + (index + 0.65) * side), Type(min(12, side), MUTED, anchor="end"))
        for other, to in enumerate(rows):
            pair = (min(index, other), max(index, other))
            if pair in cells:
                at = Box(MARGIN + LABEL + other * side, TOP + index * side, side - 1, side - 1)
                _cell(canvas, at, f"{name} ↔ {to}", cells[pair], medians[kinds[pair]])
    _legend(canvas, TOP + len(rows) * side + 1.5 * MARGIN)
    return canvas.svg()


def _by_node(found: Links) -> tuple[list[str], dict[tuple[int, int], float | None]]:
    """Return the nodes, and the slowest link of each two and within each; None if one of these links gives none."""
    nodes = sorted({node for pair in found for node, _ in pair})
    cells: dict[tuple[int, int], float | None] = {}
    for (one, other), value in found.items():
        pair = (nodes.index(one[0]), nodes.index(other[0]))
        before = cells.get(pair, value)
        cells[pair] = None if value is None or before is None else min(value, before)
    return nodes, cells


def _cell(canvas: Canvas, box: Box, name: str, value: float | None, middle: float) -> None:
    share = value / middle if value is not None and middle else 0.0
    told = "no answer" if value is None else f"{value / 1e9:.3g} GB/s, {share:.2f} of the median"
    colour = LOST if value is None else next(colour for least, colour in SCALE if share >= least)
    canvas.box(box, colour, hint=f"{name}: {told}")
    if value is not None and box.width >= NUMBERED:
        ink = Type(11, ink_on(colour), anchor="middle")
        canvas.text(f"{value / 1e9:.3g}", (box.x + box.width / 2, box.y + box.height / 2 + 4), ink)


def _legend(canvas: Canvas, y: float) -> None:
    texts = [(f"from {least:g}" if least else "less", colour) for least, colour in SCALE]
    for index, (text, colour) in enumerate([*texts, ("no answer", LOST)]):
        x = MARGIN + index * 92
        canvas.box(Box(x, y, 14, 14), colour)
        canvas.text(text, (x + 20, y + 12), Type(12, MUTED))
    canvas.text("of the median of its kind", (MARGIN, y + 34), Type(12, MUTED))
