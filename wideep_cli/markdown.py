"""Markdown, as far as reports need it.

All text that does not come from this program (config values, messages of the cluster, policies, errors) is inserted
through ``code`` or ``fenced``, which show it literally: it cannot close the inline code or block that contains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wideep.masking import masked, visible

__all__ = ["changed", "code", "cut", "details", "fenced", "listed", "table"]

NUMBER = re.compile(r"–|[\d.,]+( ?(GB|[kM]))?")
LONGEST = 300
"""The most characters of foreign text on one line."""
MOST = 30
"""The most items of a list."""


def code(text: object) -> str:
    """Return foreign text as inline code on one line: control characters are spelled out, and the delimiter is longer
    than any run of backticks in the text."""
    line = visible(masked(str(text).strip()[: LONGEST * 4])).replace("\n", "\\n").replace("\t", " ")
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    mark = "`" * (_longest_run(line) + 1)
    # Markdown strips these spaces; they keep the delimiter apart if the text is empty or has a backtick at either end.
    pad = " " if not line or line[0] == "`" or line[-1] == "`" else ""
    return f"{mark}{pad}{line or '–'}{pad}{mark}"


def fenced(text: str, language: str = "", limit: int | None = None) -> str:
    """Return a fenced block of foreign text that its own content cannot close, cut to about ``limit`` characters."""
    whole = text.rstrip()
    shown = visible(masked(whole if limit is None else cut(whole, limit)))
    shown = shown if limit is None else cut(shown, limit)
    mark = "`" * max(3, _longest_run(shown) + 1)
    return f"{mark}{language}\n{shown}\n{mark}"


def cut(text: str, room: int) -> str:
    """Return the text; if it is longer than ``room`` characters, its first whole lines and a note that it was cut."""
    if len(text) <= room:
        return text
    kept = text[: max(room - 200, 0)]
    return (kept.rpartition("\n")[0] or kept) + "\n… cut here: the rest is in the job's log and artifact."


def listed(items: Sequence[str]) -> list[str]:
    """Return a Markdown list of at most thirty items, with a last line that counts the rest."""
    more = [f"- … and {len(items) - MOST} more"] if len(items) > MOST else []
    return [*(f"- {item}" for item in items[:MOST]), *more]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table in which a column that holds only numbers is aligned right."""
    body = [list(row) for row in rows]
    right = [bool(body) and all(NUMBER.fullmatch(row[column]) for row in body) for column in range(len(head))]
    lines = [list(head), ["---:" if numeric else "---" for numeric in right], *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def changed(before: str | None, after: str) -> str:
    """Return the cell that shows ``after`` beside ``before``: ``same`` if they are equal, else ``after`` in bold."""
    return "same" if before == after else f"**{after}**"


def details(summary: str, body: str) -> str:
    """Return a section that is folded until the reader opens it."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
