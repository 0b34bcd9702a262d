"""The picture of the links: each two GPUs have a cell whose colour says what it reaches of the median of its kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.burnin import RECORDED
from wideep.burnin.figures import Measured, read_lines
from wideep.burnin.links import Place, pairs
from wideep_cli.burnin.heatmap import LOST, SCALE, draw_links, write_links
from wideep_cli.errors import CallError

GOOD, BAD = SCALE[0][1], SCALE[-1][1]


def cells(svg: str) -> dict[str, str]:
    """The colour of each cell, by what a browser shows over it."""
    found = re.findall(r'<rect [^>]*fill="(#\w+)"[^>]*>\s*<title>([^<]*)</title>', svg)
    return {hint: colour for colour, hint in found}


def links(nodes: int, gpus: int) -> dict[tuple[Place, Place], float | None]:
    """All pairs of nodes of GPUs: 350 GB/s within, 45 GB/s between."""
    places = [(f"n{node:02}", gpu) for node in range(nodes) for gpu in range(gpus)]
    return {(one, other): 3.5e11 if one[0] == other[0] else 4.5e10 for one in places for other in places if one < other}


def test_the_straggler_of_a_recording_has_the_colour_of_a_slow_link_to_each_other_gpu() -> None:
    measured = read_lines((RECORDED / "h100x4-straggler.jsonl").read_text().splitlines())

    drawn = cells(draw_links(pairs(measured)))

    assert len(drawn) == 4 * 3
    slow = {hint for hint, colour in drawn.items() if colour != GOOD}
    assert slow == {hint for hint in drawn if "GPU 2" in hint}
    assert all(re.search(r": \d+ GB/s, 0\.\d\d of the median$", hint) for hint in slow)


def test_within_and_between_nodes_are_each_held_against_their_own_kind() -> None:
    found = links(2, 2)
    found[("n00", 0), ("n01", 1)] = 1e10
    found[("n00", 1), ("n01", 0)] = None

    drawn = cells(draw_links(found))

    assert drawn["n00 GPU 0 ↔ n00 GPU 1: 350 GB/s, 1.00 of the median"] == GOOD
    assert drawn["n00 GPU 0 ↔ n01 GPU 0: 45 GB/s, 1.00 of the median"] == GOOD
    assert drawn["n01 GPU 1 ↔ n00 GPU 0: 10 GB/s, 0.22 of the median"] == BAD
    assert drawn["n00 GPU 1 ↔ n01 GPU 0: no answer"] == LOST


def test_of_many_gpus_a_cell_is_two_nodes_with_their_slowest_pair() -> None:
    found = links(12, 8)
    found[("n02", 5), ("n07", 1)] = 9e9

    drawn = cells(draw_links(found))

    assert len(drawn) == 12 * 12
    assert drawn["n07 ↔ n02: 9 GB/s, 0.20 of the median"] == BAD


def test_without_links_there_is_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="none was measured"):
        write_links(Measured(()), tmp_path / "x.svg")
