"""Messages are in standard English: turns of phrase that readers stumbled over do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.conftest import ROOT

FOLDERS = ("wideep", "wideep_cli", "wideep_cluster", "components", "policy")
NOT_ENGLISH = re.compile(
    r"worked out here|not known here|nobody measured|to be had|go(es)? round\b|as it should be|"
    r"ends at (this|a) (flag|name)|is told|are told to|tells (which|more)|goes on from here|has the word|the word too|"
    r"(is|are) no (JSON|UTF|address|index|list|model's|multiple|regular|text|time|whole)\b"
)


def messages(source: str) -> Iterator[str]:
    """Texts of a module that are not docstrings."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_no_message_has_a_phrase_that_is_not_english() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if ".venv" not in path.parts
        for text in messages(path.read_text(encoding="utf-8"))
        if (match := NOT_ENGLISH.search(text))
    }
    assert found == set()


def test_a_docstring_is_no_message_and_a_part_of_one_is() -> None:
    assert list(messages('"""it is told"""\nx = f"it {x} is told"')) == ["it ", " is told"]
