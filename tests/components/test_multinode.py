"""A worker of several nodes needs Grove, or LeaderWorkerSet with Volcano: told before anything is made."""

from __future__ import annotations

import pytest

from tests.support.cases import seen
from tests.support.plans import plan_of
from wideep_cluster.dynamo.multinode import multinode_problem

SPANS = {"layout": {"preset": "lab-16gpu-multinode"}, "platform": {"install": False}}


@pytest.mark.parametrize(
    ("groups", "runs"),
    [
        (["apps", "grove.io"], True),
        (["leaderworkerset.x-k8s.io", "scheduling.volcano.sh"], True),
        (["leaderworkerset.x-k8s.io"], False),
        (["apps"], False),
    ],
)
def test_one_of_the_two_is_enough(groups: list[str], runs: bool) -> None:
    assert (multinode_problem(plan_of(**SPANS), seen(*groups)) is None) == runs


def test_the_message_has_the_roles_their_nodes_and_what_to_write() -> None:
    text = str(multinode_problem(plan_of(**SPANS), seen()))
    for words in ("platform.install: false", "worker spans 2 nodes", "grove.io", "install: true", "wideep layouts"):
        assert words in text


def test_a_platform_that_brings_grove_needs_none() -> None:
    assert multinode_problem(plan_of(layout={"preset": "lab-16gpu-multinode"}), seen()) is None
