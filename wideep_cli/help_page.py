"""The page of ``wideep --help`` in the style of the verbs' own pages, drawn without rich, which is slow to import."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import typer

__all__ = ["help_page"]

NARROWEST = 40
"""The minimum width of the page in columns, even if the terminal is narrower."""


def help_page(usage: str, about: str, panels: Mapping[str, Mapping[str, str]], epilog: str) -> str:
    """Return the page: usage and description, a panel for each title with a line for each name, and the epilog."""
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    drawn = (line for title, rows in panels.items() for line in _panel(title, rows, width))
    lines = [
        "",
        f" {_styled(usage, bold=True)}",
        "",
        *_indented(about, width),
        "",
        *drawn,
        "",
        *_indented(epilog, width),
    ]
    return "\n".join([*lines, ""])


def _panel(title: str, rows: Mapping[str, str], width: int) -> Iterator[str]:
    left_top, across, right_top, down, left, right = "╭─╮│╰╯" if _draws_boxes() else "+-+|++"
    names = max(map(len, rows))
    yield _styled(f"{left_top}{across} {title} ".ljust(width - 1, across) + right_top, dim=True)
    down = _styled(down, dim=True)
    for name, text in rows.items():
        for number, line in enumerate(_wrapped(text, width - names - 6)):
            first = _styled("" if number else name, names, fg="cyan", bold=True)
            yield f"{down} {first}  {line.ljust(width - names - 6)} {down}"
    yield _styled(left.ljust(width - 1, across) + right, dim=True)


def _draws_boxes() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def _indented(text: str, width: int) -> list[str]:
    return [f" {line}" for line in _wrapped(text, width - 2)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _styled(text: str, length: int = 0, **style: Any) -> str:
    """Return the text padded to ``length`` and styled with ``typer.style``; typer strips the colours again where the
    output is not a terminal."""
    filled = text.ljust(length)
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown"):
        return filled
    return typer.style(filled, **style)
