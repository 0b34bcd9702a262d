"""A platform of somebody else: which of its operators are in the way of this stack's own, and what to write."""

from __future__ import annotations

import pytest

from tests.support.cases import obj, seen
from wideep.errors import Problem
from wideep_cluster.dynamo.operator import operator_conflicts, operator_of, operator_status, release_conflict
from wideep_cluster.objects import Deployment

NAME = "dynamo-platform-dynamo-operator-controller-manager"


def operator(namespace: str, restricted_to: str | None = None) -> Deployment:
    args = [f"--restrictedNamespace={restricted_to}"] if restricted_to else []
    spec = {"template": {"spec": {"containers": [{"name": "manager", "args": args}]}}}
    return obj(Deployment, NAME, spec=spec, status={"readyReplicas": 1}, meta={"namespace": namespace})


CLUSTER_WIDE = operator("dynamo-system")
OF_TEAM = operator("team", "team")
OWN = operator("ours")


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
    there: list[Deployment], restricted: bool, write: str | None
) -> None:
    answers = operator_conflicts(seen(*there), "ours", restricted=restricted)
    problems = [each for each in answers if isinstance(each, Problem)]
    assert [problem.key for problem in problems] == (["platform.install"] if write else [])
    assert all(write and write in problem.fix and there[0].namespace in problem.rule for problem in problems)


@pytest.mark.parametrize(
    ("there", "serves"), [([CLUSTER_WIDE, OWN], OWN), ([OF_TEAM, CLUSTER_WIDE], CLUSTER_WIDE), ([OF_TEAM], None)]
)
def test_one_that_is_restricted_to_another_namespace_does_not_serve_this_one(
    there: list[Deployment], serves: Deployment | None
) -> None:
    assert operator_of(there, "ours") == serves
    status = operator_status(there, (), "ours")
    assert status.ready is (serves is not None)
    assert status.ready or "team/" in status.message


def test_a_release_of_somebody_else_is_used_or_taken_over() -> None:
    text = str(release_conflict("default", "dynamo-crds", "deployed"))
    for part in ("platform.install: true", "dynamo-crds of namespace default", "{install: false}", "wideep adopt"):
        assert part in text
