"""Messages wrapped to the width of a terminal, between words and never within a command."""

from __future__ import annotations

import os
import re
import sys
from typing import Final

__all__ = ["terminal_width", "wrapped"]

NARROWEST: Final = 40
"""The minimum width of lines in columns, even if the terminal is narrower."""
USUAL: Final = 80
PROGRAMS: Final = "pulumi|kubectl|helm|docker|wideep|make setup-"
WORD: Final = r"""(?:'[^']*'|"[^"]*"|[^\s'"])+"""
COMMAND: Final = rf"(?<![\w./:-])(?:[A-Z_]+=\S+ )?(?:{PROGRAMS})(?: +{WORD}(?<![,;:]))+"
"""A command without backticks, which ends with its sentence or at a comma outside quotes."""
UNIT: Final = re.compile(rf"(?:`[^`]*`|{COMMAND}|\S)+")


def terminal_width() -> int | None:
    """Return the width in columns of the terminal on stderr; None if stderr is not a terminal."""
    if not sys.stderr.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        width = 0
    return max(width or USUAL, NARROWEST)


def wrapped(text: str, width: int) -> str:
    """Wrap the text to lines of at most ``width`` columns; only a command or word that is longer exceeds it. The
    continuation of an indented line is indented by two more spaces."""
    return "\n".join(row for line in text.split("\n") for row in _rows(line, width))


def _rows(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip(" "))]
    units: list[str] = UNIT.findall(line)
    if len(line) <= width or not units:
        return [line]
    rows = [indent + units[0]]
    for unit in units[1:]:
        if len(rows[-1]) + 1 + len(unit) <= width:
            rows[-1] += f" {unit}"
        else:
            rows.append(f"{indent}  {unit}" if indent else unit)
    return rows
