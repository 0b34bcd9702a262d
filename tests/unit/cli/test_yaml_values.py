"""Plain words of a stack's file are the values that Pulumi makes of them: what ``pulumi config --json`` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from wideep.errors import ConfigError
from wideep.rules import accept
from wideep_cli.stack_file import read_stack_file

PULUMI: Final = json.loads("""{
  "off": "off", "On": "On", "yes": "yes", "y": "y", "True": true, "FALSE": false, "'on'": "on",
  "1:30": "1:30", "190:20:30": "190:20:30", "=": "=", "_1": "_1", "0o8": "0o8", "1e3x": "1e3x",
  "010": 8, "0o10": 8, "0b11": 3, "+0b1": 1, "0x4": 4, "-0x1f": -31, "0x_f": 15, "0_7": 7, "08": 8,
  "1_6": 16, "1__0": 10, "+4": 4, "4.0": 4, "1e1": 10, "1.5E+3": 1500, "1e2_0": 100000000000000000000,
  "0.": 0, "1.": 1, "-1.5": -1.5, "1_0.5": 10.5, ".5": 0.5, "-.5": -0.5, "~": null, "NULL": null, "null": null,
  "2026-01-01": "2026-01-01 00:00:00 +0000 UTC", "2026-1-1": "2026-01-01 00:00:00 +0000 UTC",
  "2026-13-45": "2026-13-45"
}""")


def read(folder: Path, value: str) -> object:
    path = folder / "Pulumi.x.yaml"
    path.write_text(f"config:\n  dynamo-wideep:platform: {{it: {value}}}\n")
    found = read_stack_file(path).config["platform"]
    assert isinstance(found, dict)
    return json.loads(json.dumps(found))["it"]


@pytest.mark.parametrize("word", PULUMI)
def test_a_word_is_what_pulumi_makes_of_it(tmp_path: Path, word: str) -> None:
    found = read(tmp_path, word)
    assert found == PULUMI[word]
    assert type(found) is type(PULUMI[word])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("layout", "{preset: wide-32gpu, decode: {dpLmHead: off}}", "must be true or false"),
        ("image", "{source: published, tag: 2026-01-01}", 'put it in quotes: "2026-01-01"'),
    ],
)
def test_what_pulumi_would_hand_on_as_another_value_is_refused_by_the_plan_too(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(f"config:\n  dynamo-wideep:{key}: {value}\n")
    with pytest.raises(ConfigError) as caught:
        accept(read_stack_file(path).config)
    assert said in "\n".join(str(problem) for problem in caught.value.problems if problem.key.startswith(key))
