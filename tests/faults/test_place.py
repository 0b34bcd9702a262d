"""What a stack reaches from here: the chart repository, and the cluster by its kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.faults import report
from tests.faults.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """What is set before `up` (a config key, the environment), what it says, and the row of the report.

    ``told``: the sentence before the remedy. Without one, the provider's own words are all that there is.
    """

    number: int
    title: str
    words: tuple[str, ...]
    told: str = ""
    config: tuple[str, str] | None = None
    env: dict[str, str] = field(default_factory=dict)
    often: bool = False


CASES = (
    Case(
        10,
        "the chart repository cannot be reached",
        ("https://127.0.0.1:1/charts", "connection refused", "check the chart name and repository configuration"),
        config=("platform.charts", "https://127.0.0.1:1/charts"),
        often=True,
    ),
    Case(
        25,
        "there is no kubeconfig",
        ("/no/such/kubeconfig",),
        told="no usable kubeconfig (KUBECONFIG names /no/such/kubeconfig).",
        env={"KUBECONFIG": "/no/such/kubeconfig"},
    ),
    Case(
        25,
        "the context is not in the kubeconfig",
        ('context "nobody" does not exist',),
        told="the kubeconfig has no context nobody.",
        config=("kubernetes:context", "nobody"),
    ),
)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.title, marks=[pytest.mark.often] * case.often) for case in CASES]
)
def test_up_says_what_is_wrong_and_the_next_one_goes_through(
    destroyed: World, request: pytest.FixtureRequest, case: Case
) -> None:
    if case.config:
        destroyed.config(*case.config)
    destroyed.extra.update(case.env)

    said = destroyed.up(fails=True)

    seen = report.told(said.text, case.told) if case.told else report.line_with(said.text, case.words[0])
    for words in case.words:
        assert words in said.text
    destroyed.mend()
    destroyed.up()
    assert destroyed.graph_is_ready()
    report.note(request, case.number, case.title, seen, "`pulumi up`, after the fix")
