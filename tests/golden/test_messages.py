"""The words of rules and advice are those that a person has read."""

import pytest

from tests.golden.messages import CASES, ROLES, STACKS, of_role, said

UPDATE = "read the change: python -m tests.golden.update"


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_told_what_was_read(name: str) -> None:
    assert said(STACKS[name]["changes"]) == STACKS[name]["says"], UPDATE


@pytest.mark.parametrize("name", CASES)
def test_a_role_that_breaks_a_rule_is_told_what_was_read(name: str) -> None:
    assert of_role(*CASES[name]) == ROLES[name], UPDATE


def test_every_case_has_its_words_and_nothing_is_said_twice() -> None:
    assert set(ROLES) == set(CASES)
    assert len({one["says"] for one in STACKS.values()}) == len(STACKS)
