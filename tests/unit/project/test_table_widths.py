"""The tables of README and docs fit the column in which GitHub shows a page, of some 110 characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = ("README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")))
BREAKS = re.compile(r"[\s/-]|<br>")


def tables(page: Path) -> Iterator[list[list[str]]]:
    """Each table: its rows as the words that are shown, head first."""
    lines = page.read_text(encoding="utf-8").splitlines()
    for is_table, found in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            head, _, *rows = found
            yield [[shown(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in (head, *rows)]


def shown(cell: str) -> str:
    return re.sub(r"[`*]|</?sup>", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell)).strip()


@pytest.mark.parametrize("page", PAGES)
def test_no_table_is_wider_than_githubs_column(page: str) -> None:
    for rows in tables(ROOT / page):
        columns = list(zip(*rows, strict=True))
        least = sum(max(len(word) for cell in column for word in BREAKS.split(cell)) for column in columns)
        assert (len(columns) <= 8, least <= 110) == (True, True), f"{least} characters at least: {rows[0]}"
