"""Formatting of lists, durations and rates in messages."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["duration", "recorded", "shown_rate", "some_of"]


def some_of(things: Iterable[object], most: int = 3) -> str:
    """Return ``a, b, c and 4 more``: the first ``most`` items, and how many others there are."""
    words = [str(thing) for thing in things]
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


def duration(seconds: float) -> str:
    """Return ``45 s``, ``12 min``, ``8 h``, ``2 h 5 min``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds // 60), 60)
    if hours < 2:
        return f"{60 * hours + minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def recorded(tokens_per_second: float) -> float:
    """Return tokens/s per GPU with one decimal, as recorded for the presets (``wideep_cli.layouts.served``)."""
    return round(tokens_per_second, 1)


def shown_rate(tokens_per_second: float) -> int:
    """Return tokens/s per GPU as a whole number, 97 for 96.5, the same for a recorded and a computed figure."""
    return math.floor(recorded(tokens_per_second) + 0.5)
