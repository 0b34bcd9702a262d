"""Each command that a message or a page advises exists as it is written, and is named with the test that runs it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from typer.main import get_command

from tests.support.advised import TABLE, VERBS, advised_commands, commands_in, page_commands, pages
from wideep_cli.main import app

ROOT = Path(__file__).resolve().parents[2]
ADVISED = advised_commands()
CONTENT: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
ROWS: dict[str, dict[str, str]] = CONTENT["commands"]
EVERYWHERE = sorted(
    {each.text for found in ADVISED.values() for each in found}
    | {command for place, text in pages() for command in page_commands(place, text)}
)


def test_every_advised_command_is_in_the_table_and_nothing_else() -> None:
    new = {kind: sorted({each.place for each in ADVISED[kind]}) for kind in ADVISED if kind not in ROWS}
    assert new == {}, f"name the test that runs it, in {TABLE.name}"
    assert [kind for kind in ROWS if kind not in ADVISED] == [], "nothing advises it any more: take its row out"


@pytest.mark.parametrize("kind", ROWS)
def test_each_row_names_a_test_that_is_there_a_command_of_its_kind_or_a_reason(kind: str) -> None:
    ((how, value),) = ROWS[kind].items()
    if how == "test":
        path, _, name = value.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
    elif how == "run":
        assert value.split()[0] == kind.split()[0]
        assert set(kind.split()) <= set(value.split())
    else:
        assert (how, value in CONTENT["reasons"]) == ("not", True)


def test_a_command_is_found_in_backticks_in_a_sentence_and_with_its_flags() -> None:
    found = list(
        commands_in("Look: kubectl -n {ns} delete job {name}, then `pulumi up --refresh` checks. wideep reads it.")
    )
    assert found == ["kubectl -n {ns} delete job {name}", "pulumi up --refresh"]


def options(command: click.Command, words: list[str]) -> set[str]:
    """Every option of the command and of those below it that the words name."""
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    below = getattr(command, "commands", {})
    for word in words:
        if word in below:
            return known | options(below[word], words[words.index(word) + 1 :])
    return known


@pytest.mark.parametrize("text", [text for text in EVERYWHERE if text.startswith("wideep ")])
def test_the_commands_own_verbs_and_options_are_those_that_there_are(text: str) -> None:
    root = get_command(app)
    words = text.replace("[/bold]", "").split()[1:]
    verb = next(word for word in words if not word.startswith("-"))
    assert verb.strip(".,:;") in getattr(root, "commands", {})
    flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert flags <= options(root, [word.strip(".,:;") for word in words])


@pytest.mark.parametrize("text", [text for text in EVERYWHERE if text.startswith("make ")])
def test_each_target_of_make_is_there(text: str) -> None:
    asked = [word for word in text.split()[1:] if re.fullmatch(r"[a-z-]+", word)]
    assert set(asked) - {"dev", "prod"} <= set(VERBS["make"])


@pytest.mark.parametrize("kind", [kind for kind, row in ROWS.items() if "run" in row])
def test_a_command_that_is_run_is_one_that_a_shell_reads(kind: str) -> None:
    assert shlex.split(ROWS[kind]["run"])
