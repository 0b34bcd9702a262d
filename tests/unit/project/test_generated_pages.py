"""The generated pages say what the program computes today, concepts.md and its figures above all."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.generate.__main__ import OFFLINE, pages

SVG = "{http://www.w3.org/2000/svg}"
SPELLED = r"H200|GB200|R1|FP8|BF16|concepts\.md|wide-104gpu|lab-16gpu-singlenode|lab-16gpu-multinode"
"""Names with digits in them, which are not numbers."""


def test_every_generated_page_is_what_the_program_gives(root: Path) -> None:
    made = {path: text for name in OFFLINE for path, text in pages(name).items()}

    stale = [path.relative_to(root) for path, text in made.items() if path.read_text(encoding="utf-8") != text]

    assert stale == [], "run python -m docs.generate"


def test_no_number_of_the_text_is_written_by_hand(root: Path) -> None:
    source = (root / "docs" / "concepts.md.in").read_text(encoding="utf-8")
    prose = re.sub(SPELLED, "", re.sub(r"\{[^}]*\}", "", source))
    assert re.findall(r"\d+", prose) == []


def test_every_figure_that_the_text_shows_is_there(root: Path) -> None:
    shown = re.findall(r"\]\((figures/[^)]+)\)", (root / "docs" / "concepts.md").read_text(encoding="utf-8"))
    assert len(shown) == 5
    assert all((root / "docs" / figure).is_file() for figure in shown)


@pytest.mark.parametrize(("figure", "own", "copies"), [("lab-16gpu-singlenode", 512, 0), ("wide-104gpu", 512, 64)])
def test_a_placement_shows_every_expert_once_a_role_and_every_copy(
    root: Path, figure: str, own: int, copies: int
) -> None:
    tree = ElementTree.parse(root / "docs" / "figures" / f"{figure}.svg")  # noqa: S314 - a file of our own
    hints = [title.text or "" for rect in tree.iter(f"{SVG}rect") for title in rect.iter(f"{SVG}title")]
    assert sorted(h for h in hints if h.startswith("expert ")) == sorted(2 * [f"expert {i}" for i in range(own // 2)])
    assert sum(hint.startswith("copy of expert ") for hint in hints) == copies


def test_every_file_that_contributing_names_is_there(root: Path) -> None:
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w[\w.-]*/)+[\w.-]*|\w+\.(?:py|in|yaml|md))`", text)

    assert len(named) > 30
    assert [each for each in named if "NAME" not in each and not (root / each).exists()] == ["command.py", "expected/"]
