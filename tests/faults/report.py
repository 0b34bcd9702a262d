"""docs/reliability.md, from what the fault tests of one run saw."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HEAD = """# What can go wrong, and what you then see

Written by `make test-faults` from its own run on the simulated cluster; each row is a test that passed. After each
fault the test clears it, and the next `pulumi up` or `pulumi destroy` ends; no secret is in any output.

| # | fault | what you see | what the next command does |
|---|---|---|---|
"""


@dataclass
class Row:
    """One fault, as its test saw it."""

    number: int
    title: str
    seen: str = ""
    then: str = ""
    passed: bool = False


@dataclass
class Rows:
    by_test: dict[str, Row] = field(default_factory=dict)


_rows = Rows()


def note(request: pytest.FixtureRequest, number: int, title: str, seen: str, then: str) -> None:
    """What a test saw. `seen` is text of the command's own output: its first two lines are shown."""
    _rows.by_test[request.node.nodeid] = Row(number, title, seen, then)


def ended(item: pytest.Item, passed: bool) -> None:
    if item.nodeid in _rows.by_test:
        _rows.by_test[item.nodeid].passed = passed


def line_with(text: str, words: str) -> str:
    """The line of a command's output that holds the words; AssertionError, with all of it, where none does."""
    lines = [line.strip() for line in text.splitlines() if words in line]
    assert lines, f"nothing says {words!r}:\n{text}"
    return re.sub(r"^(error|info|warning): ", "", lines[-1])


def write(file: Path) -> None:
    rows = sorted((row for row in _rows.by_test.values() if row.passed), key=lambda row: (row.number, row.title))
    body = "".join(f"| {row.number} | {row.title} | {_cell(row.seen)} | {row.then} |\n" for row in rows)
    file.write_text(HEAD + body)


def _cell(text: str) -> str:
    shown = text if len(text) <= 400 else f"{text[:400]} …"
    return shown.replace("|", "\\|").replace("\n", "<br>")
