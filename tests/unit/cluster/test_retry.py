"""Asking again: for as long as it helps, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from wideep_cluster.errors import ClusterError, ForbiddenError, UnreachableError
from wideep_cluster.retry import ask_again, poll

PASSING = UnreachableError("the API server does not answer")
LASTING = ForbiddenError("list", "pods", "in namespace a")


def _answers(*answers: object) -> Callable[[], object]:
    """What gives one answer after the other; errors are raised."""
    left: Iterator[object] = iter(answers)

    def ask() -> object:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def test_an_error_that_passes_is_asked_again_and_told() -> None:
    told: list[ClusterError] = []
    assert ask_again(_answers(PASSING, PASSING, "here"), 60, 0, told.append) == "here"
    assert told == [PASSING, PASSING]


def test_an_error_that_lasts_is_raised_at_once() -> None:
    told: list[ClusterError] = []
    with pytest.raises(ForbiddenError):
        ask_again(_answers(LASTING, "never asked"), 60, 0, told.append)
    assert told == []


def test_after_its_time_the_last_error_is_raised() -> None:
    with pytest.raises(UnreachableError):
        ask_again(_answers(PASSING, "never asked"), -1, 0)


def test_an_answer_that_leaves_something_open_is_asked_again_and_told_once() -> None:
    told: list[str] = []
    assert poll(_answers(1, 2, 0), bool, 60, 0, lambda: told.append("waiting")) == 0
    assert told == ["waiting"]


def test_after_its_time_the_last_answer_is_returned() -> None:
    told: list[str] = []
    assert poll(_answers(1, 0), bool, -1, 0, lambda: told.append("waiting")) == 1
    assert told == []
