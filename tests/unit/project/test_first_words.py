"""The first word that somebody searches for who sees a symptom finds the section of the docs and the module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import pytest
import yaml

from tests.conftest import ROOT

ROOMS: Final = ("wideep", "wideep_cluster", "components", "wideep_cli")
SYMPTOMS: Final[list[dict[str, str]]] = yaml.safe_load(
    (ROOT / "tests" / "unit" / "project" / "symptoms.yaml").read_text(encoding="utf-8")
)
SHOWN: Final = 3
"""Files that a reader looks at, of those with the most matches."""
PAGES: Final = [file.relative_to(ROOT).as_posix() for folder in (ROOT, ROOT / "docs") for file in folder.glob("*.md")]


@cache
def modules() -> dict[str, str]:
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8").lower() for file in files}


def sections() -> Iterator[tuple[str, str]]:
    """Heading and text of each section of the page, in order."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        yield heading, f"{heading}\n{body}"


def anchor(heading: str) -> str:
    """As GitHub makes it: lower case, dashes for blanks, without punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each["word"])
def test_the_first_section_with_the_word_is_the_right_one(symptom: dict[str, str]) -> None:
    by_heading = [heading for heading, _ in sections() if symptom["word"].lower() in heading.lower()]
    by_text = [heading for heading, text in sections() if symptom["word"].lower() in text.lower()]

    assert [*by_heading, *by_text][0] == symptom["section"]


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each["word"])
def test_the_module_is_among_those_that_hold_the_word_most_often(symptom: dict[str, str]) -> None:
    word = symptom["word"].lower()
    found = sorted(modules(), key=lambda path: (-modules()[path].count(word), path))

    assert symptom["file"] in found[:SHOWN]
    assert word in modules()[symptom["file"]]


def test_each_link_to_a_section_has_one() -> None:
    headings = {
        page: {anchor(each) for each in re.findall(r"(?m)^#+ (.*)$", (ROOT / page).read_text(encoding="utf-8"))}
        for page in PAGES
    }
    broken = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(((?!http)[^)\s]*#[^)\s]+)\)", (ROOT / page).read_text(encoding="utf-8"))
        for target, _, name in [link.partition("#")]
        for path in [((ROOT / page).parent / target).resolve() if target else ROOT / page]
        if name not in headings.get(path.relative_to(ROOT).as_posix(), set())
    ]

    assert broken == []
