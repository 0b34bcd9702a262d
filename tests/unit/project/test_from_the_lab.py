"""docs/from-the-lab.md: every command of the lab has its row, every row a test that exists and a verb that exists."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command

from tests.conftest import ROOT
from wideep_cli.main import app

PAGE = (ROOT / "docs" / "from-the-lab.md").read_text(encoding="utf-8")
LAB = ROOT.parent / "shared" / "lab" / "lab3-README.md"
ROWS = [
    re.split(r"(?<!\\)\|", line.strip("| \n"))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| the lab")
]
NO_COMMAND = ("export ", "cd ", '"', "}", "#")
"""Lines of the lab's blocks that only set the shell up, or go on with the line before."""


def lab_commands() -> list[str]:
    """Each command of the lab's shell blocks, on one line."""
    blocks = re.findall(r"```sh\n(.*?)```", LAB.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [re.sub(r"\s+", " ", line) for line in lines if line and not line.startswith(NO_COMMAND)]


@pytest.mark.skipif(not LAB.exists(), reason="the lab's README is not beside the checkout (shared/lab)")
def test_every_command_of_the_lab_has_its_row() -> None:
    told = [row[0].replace("\\|", "|") for row in ROWS]

    missing = [command for command in lab_commands() if not any(covers(row, command) for row in told)]

    assert missing == []


def covers(row: str, command: str) -> bool:
    """Whether a row is about a command: the parts of the row's line, between its dots, come in the command in order."""
    line = re.match(r"\s*`([^`]*)`", row)
    if line is None:
        return False
    parts = [part.strip() for part in line[1].split("…") if part.strip()]
    return re.search("^" + ".*".join(map(re.escape, parts)), command) is not None


def test_every_row_links_a_test_that_exists() -> None:
    for row in ROWS:
        link = re.fullmatch(r'\[\w+\]\(\.\./(\S+\.py)(?: "(\w+)")?\)', row[2].strip())
        assert link, row[2]
        source = (ROOT / link[1]).read_text(encoding="utf-8")
        assert not link[2] or f"def {link[2]}(" in source, row[2]


def test_every_verb_that_a_row_names_exists() -> None:
    verbs = set(get_command(app).commands)  # pyright: ignore[reportAttributeAccessIssue]

    named = {verb for row in ROWS for verb in re.findall(r"`wideep (\w+)", row[1])}

    assert named <= verbs
    assert {"status", "logs", "smoke", "eplb", "gpus", "network", "bench", "doctor"} <= named
