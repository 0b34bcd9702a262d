"""How a role's workers are replaced at an update: the graph, what the stack takes and the advice say the same."""

from __future__ import annotations

import itertools

import pytest

from tests.support.configs import hardware, stack
from wideep.plan import make_plan
from wideep.plan.takes import takes
from wideep.rules import accept, warnings
from wideep.rules.updates import Update, nodes_for_updates, update_of
from wideep.settings.layout import Role

RECREATE = {"nvidia.com/deployment-strategy": "Recreate"}
SINGLE = "lab-16gpu-singlenode"
"""Two pods of 8 GPUs."""


def said(nodes: int, gpus_per_node: int, layout: object = SINGLE) -> dict[Role, Update]:
    """What the three say of a stack on these nodes, which is one thing."""
    settings = accept(stack(layout=layout, hardware=hardware(nodes=nodes, gpus_per_node=gpus_per_node)))
    plan = make_plan(settings)
    ways = takes(settings, plan).updates
    assert ways == {role: update_of(settings, role) for role in Role}
    parts = {Role(part.role): part for part in plan.graph.parts if part.role in set(Role)}
    stopped = {role for role, part in parts.items() if part.manifest.get("annotations") == RECREATE}
    assert stopped == {role for role, way in ways.items() if way is Update.OUTAGE}
    advised = [str(each) for each in warnings(settings) if "before it starts new ones (Recreate)" in each.rule]
    assert bool(advised) == bool(stopped)
    assert all(f"set nodes: {nodes_for_updates(settings)} for updates" in each for each in advised)
    return ways


@pytest.mark.parametrize(
    ("nodes", "gpus_per_node", "way"),
    [
        (2, 8, Update.OUTAGE),
        (3, 8, Update.BESIDE),
        (2, 10, Update.OUTAGE),
        (1, 16, Update.OUTAGE),
        (1, 20, Update.OUTAGE),
        (1, 24, Update.BESIDE),
        (2, 15, Update.OUTAGE),
    ],
)
def test_gpus_that_are_free_but_too_few_for_a_pod_on_one_node_do_not_spare_an_outage(
    nodes: int, gpus_per_node: int, way: Update
) -> None:
    """2 × 15: fourteen are free, seven on each node."""
    assert set(said(nodes, gpus_per_node).values()) == {way}


def test_the_advised_nodes_are_enough_and_one_fewer_is_not() -> None:
    for replicas, gpus_per_node in itertools.product((1, 2, 3), (8, 10, 20)):
        layout = {"preset": SINGLE, "decode": {"replicas": replicas}}
        settings = accept(stack(layout=layout, hardware=hardware(gpus_per_node=gpus_per_node)))
        enough = nodes_for_updates(settings)
        assert Update.OUTAGE not in said(enough, gpus_per_node, layout).values()
        needed = make_plan(settings).nodes
        if enough > needed:
            assert Update.OUTAGE in said(enough - 1, gpus_per_node, layout).values()
