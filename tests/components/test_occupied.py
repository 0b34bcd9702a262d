"""A platform of somebody else: which of its operators are in the way of this stack's own, and what to write."""

from __future__ import annotations

import pytest

from wideep_cluster.dynamo.conflicts import InstalledOperator, taken_release, unwanted_operators

NAME = "dynamo-platform-dynamo-operator-controller-manager"
CLUSTER_WIDE = InstalledOperator("dynamo-system", NAME, None)
OF_TEAM = InstalledOperator("team", NAME, "team")
OWN = InstalledOperator("ours", NAME, None)


@pytest.mark.parametrize(
    ("there", "restricted", "write"),
    [
        ([CLUSTER_WIDE], False, "platform: {install: false}"),
        ([CLUSTER_WIDE], True, "platform: {install: false}"),
        ([OF_TEAM], False, "platform: {namespaceRestriction: true}"),
        ([OF_TEAM], True, None),
        ([OWN], False, None),
        ([], False, None),
    ],
)
def test_an_operator_is_in_the_way_as_the_chart_says(
    there: list[InstalledOperator], restricted: bool, write: str | None
) -> None:
    problems = list(unwanted_operators(there, "ours", restricted=restricted))
    assert [problem.key for problem in problems] == (["platform.install"] if write else [])
    assert all(write and write in problem.fix and there[0].namespace in problem.rule for problem in problems)


def test_a_release_of_somebody_else_is_used_or_taken_over() -> None:
    text = str(taken_release("default", "dynamo-crds", "deployed"))
    for part in ("platform.install: true", "dynamo-crds of namespace default", "{install: false}", "wideep adopt"):
        assert part in text
