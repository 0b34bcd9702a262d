"""The download of the model fails: its own last lines are in the error, and the next `up` goes on."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Case:
    """A fault, the words of the download's log that the user has to see, and the row of the report."""

    number: int
    fault: str
    title: str
    words: str


CASES = (
    Case(16, "token-refused", "the hub refuses the token", "401 Client Error: Unauthorized"),
    Case(16, "model-gated", "the model is gated", "Access to model"),
    Case(17, "volume-full", "the volume is smaller than the model", "No space left on device"),
    Case(16, "checksum-wrong", "a file is not as it is on the hub", "a file is not as it is on Hugging Face"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.fault for case in CASES])
def test_a_download_that_fails_says_why(destroyed: World, request: pytest.FixtureRequest, case: Case) -> None:
    destroyed.fault(case.fault, on="*-model-download-*")

    said = destroyed.up(fails=True)

    seen = report.line_with(said.text, case.words)
    assert "BackoffLimitExceeded" in said.text
    assert "graph-graph" not in destroyed.resources()
    destroyed.clear()
    destroyed.up()
    assert destroyed.graph_is_ready()
    report.note(request, case.number, case.title, seen, "`pulumi up` makes the Job again")
