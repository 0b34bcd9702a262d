"""A typed wrapper around drawsvg in the one style that all figures share. Lengths are pixels."""
# drawsvg ships no type annotations:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import drawsvg

__all__ = ["Box", "Canvas", "Edge", "Type", "contrast", "ink_on"]

BLACK, WHITE = "#000000", "#ffffff"
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Box:
    """A rectangle, given by its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x coordinate of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y coordinate of the lower edge."""
        return self.y + self.height


@dataclass(frozen=True)
class Edge:
    """The outline of a rectangle."""

    colour: str
    width: float = 1


@dataclass(frozen=True)
class Type:
    """The size, colour, weight and alignment of a text."""

    size: float
    colour: str = "#1b1f24"
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"


class Canvas:
    """A white page."""

    def __init__(self, width: float, height: float, title: str) -> None:
        width, height = _short(width), _short(height)
        self._drawing = drawsvg.Drawing(width, height, font_family=FONT)
        self._drawing.append_title(title)
        self.box(Box(0, 0, width, height), fill="#ffffff")

    def box(self, box: Box, fill: str, edge: Edge | None = None, *, round_by: float = 0, hint: str = "") -> None:
        """Draw a filled rectangle. ``hint`` is the tooltip that a browser shows for it."""
        style: dict[str, Any] = {"fill": fill}
        if edge:
            style |= {"stroke": edge.colour, "stroke_width": edge.width}
        if round_by:
            style["rx"] = round_by
        sides = (_short(side) for side in (box.x, box.y, box.width, box.height))
        shape = drawsvg.Rectangle(*sides, **style)
        if hint:
            shape.append_title(hint)
        self._drawing.append(shape)

    def text(self, text: str, at: tuple[float, float], style: Type) -> None:
        """Draw a line of text with its baseline at the point ``at``."""
        kwargs: dict[str, Any] = {"fill": style.colour}
        if style.bold:
            kwargs["font_weight"] = "bold"
        if style.anchor != "start":
            kwargs["text_anchor"] = style.anchor
        self._drawing.append(drawsvg.Text(text, _short(style.size), _short(at[0]), _short(at[1]), **kwargs))

    def arrow(self, start: tuple[float, float], length: float, colour: str, width: float = 3) -> None:
        """Draw an arrow that points to the right."""
        x, y = _short(start[0]), _short(start[1])
        tip, back, side = x + length, x + length - 4 * width, 2 * width
        self._drawing.append(drawsvg.Line(x, y, back, y, stroke=colour, stroke_width=width))
        self._drawing.append(drawsvg.Lines(tip, y, back, y - side, back, y + side, close=True, fill=colour))

    def svg(self) -> str:
        """Return the picture as the text of an SVG file; the same calls give the same text."""
        return str(self._drawing.as_svg()) + "\n"


def _short(length: float) -> float:
    """Round a length to a tenth of a pixel, which keeps files small and identical on every machine."""
    return round(length, 1)


def ink_on(fill: str) -> str:
    """Return black or white, whichever is easier to read on ``fill``: at least 4.5 : 1 on any colour."""
    return max((BLACK, WHITE), key=lambda ink: contrast(ink, fill))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (``#rrggbb``), from 1 to 21, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
