"""What a message of sizes and keys says to set is a stack that the plan takes, on each engine."""

from __future__ import annotations

import re
from typing import Final

import pytest
import yaml

from tests.support.configs import hardware, settings, told
from wideep.rules import check, warnings

RELEASE: Final = {"version": "1.6.1"}
SET: Final = re.compile(r"set (\w+): ([\w.]+(?:, \d+)*(?: or \d+)?)")


def stack(engine: str, **decode: object) -> dict[str, object]:
    return {
        "backend": engine,
        "platform": RELEASE,
        "layout": {"preset": "lab-32gpu" if engine == "trtllm" else "wide-32gpu", "decode": decode},
        "workers": {"sharedMemory": "700Gi"},
    }


def offered(message: str) -> list[tuple[str, object]]:
    """Each key with each value that the message says to set it to."""
    pairs = [(key, word) for key, words in SET.findall(message) for word in re.split(r", | or ", words)]
    return [(key, yaml.safe_load(word)) for key, word in pairs if key not in ("backend", "tp")]


@pytest.mark.parametrize("engine", ["sglang", "vllm", "trtllm"])
@pytest.mark.parametrize("dp", [3, 32, 5])
def test_every_number_of_groups_that_is_offered_is_one_that_the_engine_takes(engine: str, dp: int) -> None:
    values = offered(told("layout.decode.dp", **stack(engine, dp=dp)))
    assert values
    for key, value in values:
        assert told(f"layout.decode.{key}", **stack(engine, dp=value)) == "", value


@pytest.mark.parametrize("dp", [2, 4])
def test_a_key_that_the_preset_brings_is_taken_out_as_the_message_says(dp: int) -> None:
    message = told("layout.decode.moeDenseTp", **stack("vllm", dp=dp))
    assert "set moeDenseTp: null" in message
    assert told("layout.decode.moeDenseTp", **stack("vllm", dp=dp, moeDenseTp=None)) == ""


def test_no_idle_key_of_a_preset_stays_after_what_the_warning_says() -> None:
    changed: dict[str, object] = {"moeA2aBackend": "none"}
    for _ in range(3):
        idle = {
            each.key: str(each)
            for each in warnings(settings(**stack("sglang", **changed)))
            if "does nothing here" in each.rule and each.key.startswith("layout.decode.")
        }
        if not idle:
            break
        for message in idle.values():
            changed.update(offered(message))
    assert changed == {"moeA2aBackend": "none", "deepepMode": "auto"}
    assert check(settings(**stack("sglang", **changed))) == []


DENSE: Final = {"replicas": 1, "nodes": 4, "gpusPerNode": 8, "tp": 32, "dp": 1, "ep": 32}
OVERLAP: Final = {"replicas": 1, "nodes": 1, "gpusPerNode": 8, "tp": 8, "dp": 8, "ep": 8, "twoBatchOverlap": True}


@pytest.mark.parametrize(
    ("key", "role", "changed", "offered"),
    [
        ("tp", DENSE, {}, True),
        ("tp", DENSE, {"hardware": hardware("A100-80", 64)}, False),
        ("tp", DENSE, {"hardware": hardware("H100-NVL", 64)}, False),
        ("twoBatchOverlap", OVERLAP, {}, True),
        ("twoBatchOverlap", OVERLAP, {"backend": "vllm"}, True),
        ("twoBatchOverlap", OVERLAP, {"model": "openai/gpt-oss-120b"}, False),
        ("twoBatchOverlap", OVERLAP, {"model": "openai/gpt-oss-120b", "backend": "vllm"}, False),
    ],
)
def test_deepep_is_offered_only_where_it_would_run(
    key: str, role: dict[str, object], changed: dict[str, object], offered: bool
) -> None:
    message = told(f"layout.decode.{key}", platform=RELEASE, layout={"prefill": role, "decode": role}, **changed)
    assert ("moeA2aBackend: deepep" in message.splitlines()[-1]) is offered, message
    assert "use fewer GPUs" in message or "twoBatchOverlap: false" in message
