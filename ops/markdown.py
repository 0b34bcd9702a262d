"""Markdown, as far as reports need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["changed", "details", "table"]

NUMBER = re.compile(r"–|[\d.,]+( ?(GB|[kM]))?")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what looks like a number is aligned to the right."""
    body = [list(row) for row in rows]
    right = [bool(body) and all(NUMBER.fullmatch(row[column]) for row in body) for column in range(len(head))]
    lines = [list(head), ["---:" if numeric else "---" for numeric in right], *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def changed(before: str | None, after: str) -> str:
    """A cell that stands beside what it was: in bold where it is another."""
    return "same" if before == after else f"**{after}**"


def details(summary: str, body: str) -> str:
    """A part that is folded until somebody opens it."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
