"""Every test belongs to a round that a target of the Makefile names: none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from tests.conftest import COLLECTED, ROOT

CALL = re.compile(r"^[^#\n]*-m pytest\b(?P<words>[^\n|]*)", re.MULTILINE)
FILES = ("scripts/test.sh", "Makefile")
"""Where rounds are called: `make test` and `make test-fast`, `make test-long`, `make test-faults`,
`make test-wheels`."""
GREP = re.compile(r'for file in \$\$\(grep -l "pytest\\\.mark\\\.(?P<mark>\w+)" (?P<glob>\S+)\)')
"""A round that runs each module with a mark by itself."""


compiled = cache(Expression.compile)


@dataclass(frozen=True)
class Round:
    """One call of pytest: the expression over markers, the paths that it runs, those that it leaves out."""

    marks: str
    paths: tuple[str, ...]
    ignored: tuple[str, ...]

    def has(self, path: str, markers: Sequence[str]) -> bool:
        """Whether it runs a test."""
        under = not self.paths or any(path.startswith(each) for each in self.paths)
        left_out = any(path.startswith(each) for each in self.ignored)
        chosen = not self.marks or compiled(self.marks).evaluate(lambda name, **_: name in markers)
        return under and not left_out and chosen


def rounds() -> list[Round]:
    """As scripts and Makefile call them."""
    found: list[Round] = []
    for file in FILES:
        text = (ROOT / file).read_text(encoding="utf-8")
        for call in CALL.finditer(text):
            words = call["words"]
            marks = re.search(r' -m (?:"([^"]*)"|(\w+))', words)
            paths = re.findall(r" (tests/[\w/.]+)", words) + [each.split("*")[0] for each in _each(text, words)]
            ignored = re.findall(r"--ignore=(\S+)", words)
            found.append(Round((marks[1] or marks[2]) if marks else "", tuple(paths), tuple(ignored)))
    return found


def _each(text: str, words: str) -> list[str]:
    return [loop["glob"] for loop in GREP.finditer(text)] if "$$file" in words else []


def test_the_rounds_are_those_of_the_targets() -> None:
    fast, often, slow, long, faults, wheels = rounds()
    assert fast == Round("not cluster and not advise and not wheels", (), ())
    assert often == Round("cluster and often", ("tests/faults",), ())
    assert slow == Round("(cluster or advise) and not long", (), ("tests/faults",))
    assert long == Round("long", ("tests/sim/test_",), ())
    assert faults == Round("cluster", ("tests/faults",), ())
    assert wheels == Round("wheels", ("tests/wheels",), ())


def test_every_test_of_every_module_is_in_a_round(request: pytest.FixtureRequest) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    items = request.config.stash[COLLECTED]
    collected = {_path(item) for item in items}
    if request.config.args not in (["tests"], [str(ROOT / "tests")]):
        pytest.skip("only some of the tests were asked for: whether all are in a round shows when all are collected")
    assert modules - collected == set(), "no test was collected from these"
    there = rounds()
    left = {item.nodeid for item in items if not any(one.has(_path(item), _markers(item)) for one in there)}
    assert left == set(), "in no round: mark them cluster, long, often, advise or wheels, or let a target run them"


def test_each_long_module_is_found_by_its_mark_in_the_source() -> None:
    """The loop of `make test-long` looks for the mark with grep."""
    source = {
        file for file in (ROOT / "tests").rglob("test_*.py") if "pytest.mark.long" in file.read_text(encoding="utf-8")
    }
    assert {file.parent.name for file in source - {Path(__file__).resolve()}} == {"sim"}


def _path(item: pytest.Item) -> str:
    return item.path.resolve().relative_to(ROOT).as_posix()  # a copy of the project is made of links


def _markers(item: pytest.Item) -> list[str]:
    return [mark.name for mark in item.iter_markers()]
