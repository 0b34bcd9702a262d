"""A file of expert locations, held against the model and the layout that start from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.configs import site
from wideep.expert_location import location_faults

LAYERS, EXPERTS, SLOTS = 61, 256, 288
"""DeepSeek-R1 with the 32 redundant experts of wide-32gpu."""
COUNTS = [[1] * EXPERTS] * LAYERS
MAP = [[slot % EXPERTS for slot in range(SLOTS)]] * LAYERS


def faults(content: Any) -> list[tuple[str, str]]:
    decode = site()
    text = content if isinstance(content, str) else json.dumps(content)
    return list(location_faults(text, decode.model, decode.role))


@pytest.mark.parametrize(
    "content",
    [
        {"logical_count": COUNTS},
        {"logical_count": [COUNTS, COUNTS]},
        {"physical_to_logical_map": MAP},
        {"physical_to_logical_map": MAP, "logical_count": "not read then"},
    ],
)
def test_what_the_engine_takes_has_no_fault(content: object) -> None:
    assert faults(content) == []


@pytest.mark.parametrize(
    ("content", "rule", "fix"),
    [
        ("PK\x03\x04", "is not JSON", "write an object"),
        ("[" * 100_000, "is not JSON", "write an object"),
        ([1], "neither logical_count nor", "eplb record"),
        (
            {"logical_count": COUNTS[3:]},
            "58 layers, and deepseek-ai/DeepSeek-R1 has 61 (3 of them dense)",
            "stack's model",
        ),
        (
            {"logical_count": [[1] * 128] * LAYERS},
            "128 entries in a layer, and the layout has 256 experts",
            "stack's model",
        ),
        ({"logical_count": [[[1] * 128] * LAYERS]}, "128 entries in a layer", "the stack's model"),
        ({"logical_count": MAP}, "288 entries in a layer", "the stack's model"),
        ({"logical_count": [[0.5] * EXPERTS] * LAYERS}, "not a list of layers", "eplb record"),
        ({"logical_count": [[True] * EXPERTS] * LAYERS}, "not a list of layers", "eplb record"),
        ({"logical_count": []}, "not a list of layers", "eplb record"),
        ({"logical_count": None}, "not a list of layers", "eplb record"),
        ({"physical_to_logical_map": COUNTS}, "has 288 slots (256 experts + 32 redundant)", "set redundantExperts: 0,"),
        ({"physical_to_logical_map": [[0] * 128] * LAYERS}, "has 128 entries", "made with the stack's model"),
        ({"physical_to_logical_map": [[0] * SLOTS] * LAYERS}, "no slot for expert 1 in layer 0", "at least one slot"),
        (
            {"physical_to_logical_map": [*MAP[1:], [*range(SLOTS)]]},
            "experts other than 0 to 255 in layer 60",
            "at least one slot",
        ),
    ],
)
def test_what_the_engine_would_end_at_is_told(content: object, rule: str, fix: str) -> None:
    ((said, remedy),) = faults(content)
    assert rule in said
    assert fix in remedy
