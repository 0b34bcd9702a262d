"""Each command that a message or a page advises exists as it is written, and is named with the test that runs it."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import Any

import click
import yaml
from typer.main import get_command

from tests.conftest import ROOT
from tests.support.advised import TABLE, VERBS, advised_commands, commands_in, page_commands, pages
from wideep_cli.main import app

CONTENT: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
ROWS: dict[str, dict[str, str]] = CONTENT["commands"]


@cache
def everywhere(program: str) -> list[str]:
    """Each command of a program that a message or a page names."""
    advised = {each.text for found in advised_commands().values() for each in found}
    found = advised | {command for place, text in pages() for command in page_commands(place, text)}
    return sorted(text for text in found if text.startswith(f"{program} "))


def test_every_advised_command_is_in_the_table_and_nothing_else() -> None:
    advised = advised_commands()
    new = {kind: sorted({each.place for each in found}) for kind, found in advised.items() if kind not in ROWS}
    assert new == {}, f"name the test that runs it, in {TABLE.name}"
    assert [kind for kind in ROWS if kind not in advised] == [], "nothing advises it any more: take its row out"


def is_right(kind: str, how: str, value: str) -> bool:
    """The row names a test that is there, a command of its kind that a shell reads, or a reason."""
    if how == "test":
        path, _, name = value.partition("::")
        return f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
    if how == "run":
        same = value.split()[0] == kind.split()[0] and set(kind.split()) <= set(value.split())
        return same and bool(shlex.split(value))
    return how == "not" and value in CONTENT["reasons"]


def test_each_row_names_a_test_that_is_there_a_command_of_its_kind_or_a_reason() -> None:
    assert {kind: row for kind, row in ROWS.items() if not all(is_right(kind, *each) for each in row.items())} == {}
    assert {kind: row for kind, row in ROWS.items() if len(row) != 1} == {}


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


def unknown(text: str) -> set[str]:
    """What a command says that ``wideep`` does not have: a verb, an option."""
    root = get_command(app)
    words = text.replace("[/bold]", "").split()[1:]
    verb = next(word for word in words if not word.startswith("-")).strip(".,:;")
    flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    return ({verb} - set(getattr(root, "commands", {}))) | (
        flags - options(root, [word.strip(".,:;") for word in words])
    )


def test_the_commands_own_verbs_and_options_are_those_that_there_are() -> None:
    assert len(everywhere("wideep")) > 30
    assert {text: wrong for text in everywhere("wideep") if (wrong := unknown(text))} == {}


def test_each_target_of_make_is_there() -> None:
    asked = {text: set(re.findall(r"(?<= )[a-z-]+(?= |$)", text)) - {"dev", "prod"} for text in everywhere("make")}

    assert len(asked) > 10
    assert {text: wrong for text, words in asked.items() if (wrong := words - set(VERBS["make"]))} == {}
