"""A terminal that is drawn on with rich."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from wideep.masking import visible

__all__ = ["Screen"]


class Screen(Console):
    """A console that draws foreign text and does not obey it: control characters of what is drawn are spelled out, and
    only rich's own sequences reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As the base class, segment by segment."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
