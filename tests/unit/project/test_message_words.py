"""Messages are in standard English: turns of phrase that readers stumbled over do not come back."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.support.source import strings

FOLDERS = ("wideep", "wideep_cli", "wideep_cluster", "components", "policy")
NOT_ENGLISH = re.compile(
    r"worked out here|not known here|nobody measured|to be had|go(es)? round\b|as it should be|"
    r"ends at (this|a) (flag|name)|is told|are told to|tells (which|more)|goes on from here|has the word|the word too|"
    r"(is|are) no (JSON|UTF|address|index|list|model's|multiple|regular|text|time|whole)\b"
)


def test_no_message_has_a_phrase_that_is_not_english() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if ".venv" not in path.parts
        for text in strings(path.read_text(encoding="utf-8"))
        if (match := NOT_ENGLISH.search(text))
    }
    assert found == set()


def test_a_docstring_is_no_message_and_a_part_of_one_is() -> None:
    assert list(strings('"""it is told"""\nx = f"it {x} is told"')) == ["it ", " is told"]
