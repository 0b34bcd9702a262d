"""A rich console that is safe for foreign text."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from wideep.masking import visible

__all__ = ["Screen"]


class Screen(Console):
    """A console that spells out the content's control characters: only rich's own sequences reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as the base class does, with the control characters of each segment spelled out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
