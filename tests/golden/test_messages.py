"""The words of rules and advice are those that a person has read."""

import pytest

from tests.golden.messages import CASES, ROLES, STACKS, of_role, said
from tests.support.broken_rules import Broken, Suite

UPDATE = "read the change: python -m tests.golden.update"


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_told_what_was_read(name: str) -> None:
    assert said(STACKS[name]["changes"]) == STACKS[name]["says"], UPDATE


@pytest.mark.parametrize(("suite", "case"), [pytest.param(*each, id=each[1].name) for each in CASES])
def test_a_role_that_breaks_a_rule_is_told_what_was_read(suite: Suite, case: Broken) -> None:
    assert of_role(suite, case) == ROLES[case.name], UPDATE


def test_every_case_has_its_words_and_nothing_is_said_twice() -> None:
    assert set(ROLES) == {case.name for _, case in CASES}
    assert len({one["says"] for one in STACKS.values()}) == len(STACKS)
