"""docs/reliability.md, from what the fault tests of one run saw."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HEAD = """# What can go wrong, and what you then see

Written by `make test-faults` from its own runs on the simulated cluster: each row is a test that passed when it last
ran. After each fault the test clears it, and the next `pulumi up` or `pulumi destroy` ends; no secret is in any output.

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
    by_test: dict[str, list[Row]] = field(default_factory=dict)


_rows = Rows()


def note(request: pytest.FixtureRequest, number: int, title: str, seen: str, then: str) -> None:
    """What a test saw, as a row of its own. `seen` is text of the command's own output."""
    _rows.by_test.setdefault(request.node.nodeid, []).append(Row(number, title, seen, then))


def ended(item: pytest.Item, passed: bool) -> None:
    for row in _rows.by_test.get(item.nodeid, []):
        row.passed = passed


def line_with(text: str, words: str) -> str:
    """The line of a command's output that holds the words; AssertionError, with all of it, where none does."""
    return _from(text, words)[0].strip()


def told(text: str, words: str) -> str:
    """Likewise of a message with its remedy, which stands on the next line."""
    said, remedy, *_ = *_from(text, words), ""
    assert remedy.strip(), f"no remedy follows:\n{text}"
    return f"{said.strip()}\n{remedy.strip()}"


def _from(text: str, words: str) -> list[str]:
    """The last line that holds the words, and those after it."""
    lines = text.splitlines()
    found = [number for number, line in enumerate(lines) if words in line]
    assert found, f"nothing says {words!r}:\n{text}"
    return lines[found[-1] :]


def write(file: Path, *, whole: bool) -> None:
    """The table. A run of all tests begins it anew; one of some leaves the rows of the others. A test that failed has
    none."""
    rows = {} if whole else {_key(line): line for line in _lines(file) if _key(line)}
    for row in itertools.chain.from_iterable(_rows.by_test.values()):
        line = f"| {row.number} | {row.title} | {_cell(row.seen)} | {row.then} |"
        rows.pop(_key(line), None)
        if row.passed:
            rows[_key(line)] = line
    body = [rows[key] for key in sorted(rows, key=lambda key: (int(key[0]), key[1]))]
    file.write_text(HEAD + "\n".join(body) + "\n")


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _key(line: str) -> tuple[str, ...]:
    """Number and title of a row; nothing for other lines."""
    found = re.match(r"\| (\d+) \| (.*?) \| ", line)
    return found.groups() if found else ()


def _cell(text: str) -> str:
    """Without what stands before every message (of which resource it is, its weight), and without this run's ports and
    folders."""
    text = re.sub(r"^[-+~]? *\S+:\S+:\S+ \S+ +(\w+ (\(\d+s\) )?)?((?=error: )|(?=info: )|(?=warning: ))", "", text)
    text = re.sub(r"^(pulumi:pulumi:Stack \S+ +(running +)?)?((error|info|warning): )?", "", text)
    text = re.sub(r"(127\.0\.0\.1|localhost):\d{5}", r"\1:PORT", text)
    text = re.sub(r"/\S*/(clusters/[\w-]+|pytest-\d+/[^/\s]+)/", "", text)
    shown = text if len(text) <= 400 else f"{text[:400]} …"
    return shown.replace("|", "\\|").replace("\n", "<br>")
