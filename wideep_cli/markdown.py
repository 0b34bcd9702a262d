"""Markdown, as far as reports need it.

All that is not written by this program (values of a config, words of the cluster, policies, errors) goes in through one
of two doors, ``code`` and ``fenced``: whatever it holds, it cannot end what it stands in, and is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wideep.masking import masked, visible

__all__ = ["changed", "code", "cut", "details", "fenced", "listed", "table"]

NUMBER = re.compile(r"–|[\d.,]+( ?(GB|[kM]))?")
LONGEST = 300
"""Characters of a foreign text on one line."""
MOST = 30
"""Items of a list."""


def code(text: object) -> str:
    """A foreign text on one line, as inline code: control characters spelled out, and the delimiter longer than any run
    of backticks in it."""
    line = visible(masked(str(text).strip()[: LONGEST * 4])).replace("\n", "\\n").replace("\t", " ")
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    mark = "`" * (_longest_run(line) + 1)
    # One space at each end is the delimiter's, where the text begins or ends with a backtick or is nothing.
    pad = " " if not line or line[0] == "`" or line[-1] == "`" else ""
    return f"{mark}{pad}{line or '–'}{pad}{mark}"


def fenced(text: str, language: str = "", limit: int | None = None) -> str:
    """A block of foreign text that its own content cannot end, cut after ``limit`` characters."""
    whole = text.rstrip()
    shown = visible(masked(whole if limit is None else cut(whole, limit)))
    shown = shown if limit is None else cut(shown, limit)
    mark = "`" * max(3, _longest_run(shown) + 1)
    return f"{mark}{language}\n{shown}\n{mark}"


def cut(text: str, room: int) -> str:
    """The text, or its first whole lines and a word that there was more."""
    if len(text) <= room:
        return text
    kept = text[: max(room - 200, 0)]
    return (kept.rpartition("\n")[0] or kept) + "\n… cut here: the rest is in the job's log and artifact."


def listed(items: Sequence[str]) -> list[str]:
    """Items of a list, each a line; those beyond the thirtieth are counted."""
    more = [f"- … and {len(items) - MOST} more"] if len(items) > MOST else []
    return [*(f"- {item}" for item in items[:MOST]), *more]


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


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
