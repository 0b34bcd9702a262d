"""The README's figures are those of the pages that commands write: layouts and predictions, and the faults."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from wideep.catalog.layouts import PRESETS
from wideep.settings.layout import Preset

NONE = "–"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows(page: str, before: str = "") -> dict[str, list[str]]:
    """The rows of a page's tables that begin with a preset's name, after what stands before it."""
    found = re.findall(
        rf"^\| {before}(?:\*\*)?`([a-z0-9-]+)`(?:\*\*)? \|(.*)$",
        (ROOT / page).read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return {name: cells(rest) for name, rest in reversed(found)}


README, PERFORMANCE = rows("README.md"), rows("docs/performance.md", before=r"\d+ \| ")


def test_it_has_every_preset_and_nothing_else() -> None:
    assert {name for name in README if name in set(PRESETS)} == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_gpus_and_prediction_are_those_of_the_preset(preset: Preset) -> None:
    gpus, predicted = README[preset][2:4]
    assert int(gpus) == sum(role.replicas * role.nodes * role.gpus_per_node for role in PRESETS[preset].values())
    assert predicted == (PERFORMANCE[preset][1] if preset in PERFORMANCE else NONE)


def test_the_number_of_faults_is_that_of_the_page_that_their_tests_write() -> None:
    faults = re.findall(r"^\| \d+ \|", (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert f", {len(faults)} faults |" in (ROOT / "README.md").read_text(encoding="utf-8")
