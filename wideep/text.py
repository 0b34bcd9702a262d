"""Words for lists in messages."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["some_of"]


def some_of(things: Iterable[object], most: int = 3) -> str:
    """``a, b, c and 4 more``: the first ``most`` of them, and how many others there are."""
    words = [str(thing) for thing in things]
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
