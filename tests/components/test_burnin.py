"""The burn-in as a resource: when it measures, what it says, and that nothing waits for it at the end."""

from __future__ import annotations

import json
from typing import Any, cast

import dill
import pytest

from components.burnin import BurnIn, BurnInArgs
from components.dynamic import burn_in
from components.dynamic.burn_in import BurnInError, BurnInProvider
from tests.support.burnin import RECORDED, FakeCluster, holder, node, said
from tests.support.configs import settings
from tests.support.engine import run
from wideep.plan import BurnInPlan, burnin_plan

SLOW = (RECORDED / "h100x4-straggler.jsonl").read_text()
LAB = {"gpu": "H100-80", "nodes": 2, "gpusPerNode": 4, "interconnect": "ethernet"}


class Place:
    """A namespace of the cluster."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the provider says."""
    words: list[str] = []
    monkeypatch.setattr(burn_in.pulumi.log, "info", words.append)
    monkeypatch.setattr(burn_in.pulumi.log, "warn", words.append)
    return words


def plan(**changed: Any) -> BurnInPlan:
    """Two pods of four GPUs, each on a node of its own."""
    return burnin_plan(settings(hardware=LAB)).model_copy(update={"worker_nodes": 1, "nodes": 2, **changed})


def properties(made: BurnInPlan, **changed: Any) -> dict[str, Any]:
    """As the program registers the resource."""

    def program() -> None:
        BurnIn("burnin", BurnInArgs("lab", made, "r.example.com/dynamo:1"))

    return {**run(program).resources["burnin-nodes"].inputs, **changed}


def provider(cluster: FakeCluster) -> BurnInProvider:
    """The provider on a cluster; it has been in the state."""
    found = cast("BurnInProvider", dill.loads(dill.dumps(BurnInProvider())))  # noqa: S301 - our own, as the engine does
    found.namespace = lambda _: Place(cluster)  # pyright: ignore[reportAttributeAccessIssue]
    return found


def healthy(*names: str) -> FakeCluster:
    """Nodes of four GPUs each, as a recorded one."""
    return FakeCluster(tuple(node(name, 4) for name in names), says={name: said(name) for name in names})


def test_it_is_made_when_the_free_nodes_are_as_they_should_be(heard: list[str]) -> None:
    cluster = healthy("a", "b")

    made = provider(cluster).create(properties(plan()))

    assert made.outs
    assert made.outs["measured"] == "a, b"
    assert "burn-in: measured and within the limits: a, b." in heard
    assert cluster.made[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "r.example.com/dynamo:1"
    assert cluster.jobs == {}
    assert cluster.maps


def test_a_slow_gpu_fails_it_with_the_node_to_cordon_where_the_rest_is_enough(heard: list[str]) -> None:
    cluster = healthy("a", "b", "c")
    cluster.says["c"] = SLOW.replace('"gpu-0"', '"c"')

    with pytest.raises(BurnInError) as refused:
        provider(cluster).create(properties(plan()))

    assert "  c GPU 2: memory bandwidth 1.40 TB/s" in str(refused.value)
    assert "kubectl cordon c, then run `pulumi up` again" in str(refused.value)
    assert "The layout needs 2 nodes; 2 are left." in str(refused.value)
    assert any("burn-in: c GPU 2: memory bandwidth 1.40 TB/s" in word for word in heard), "at once"
    assert cluster.jobs == {}


def test_where_the_rest_is_not_enough_it_says_so_and_what_would_be(heard: list[str]) -> None:
    cluster = healthy("a", "b")
    cluster.says["b"] = SLOW.replace('"gpu-0"', '"b"')

    with pytest.raises(BurnInError, match=r"Repair or replace b, .* needs 2 nodes, and 1 are left: .*layouts"):
        provider(cluster).create(properties(plan()))


def test_a_cordoned_node_is_left_out_and_too_few_others_are_a_warning(heard: list[str]) -> None:
    cluster = healthy("a")
    cluster.nodes = (*cluster.nodes, node("b", 4, unschedulable=True))

    provider(cluster).create(properties(plan()))

    assert "burn-in: b: skipped (cordoned)." in heard
    assert any("the layout needs 2 nodes, and 1 are left (b: cordoned)" in word for word in heard)


def test_where_others_have_all_gpus_it_is_made_without_measuring_and_says_who(heard: list[str]) -> None:
    cluster = FakeCluster((node("a", 4),), (holder("train-0", "a", 4),))

    made = provider(cluster).create(properties(plan()))

    assert made.outs
    assert made.outs["measured"] == ""
    assert cluster.made == []
    assert heard[0] == "burn-in: a: skipped (4 of 4 GPUs are taken: theirs/train-0 (4))."


def test_ctrl_c_ends_it_and_leaves_nothing(heard: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = healthy("a")
    cluster.waits["a"] = "ContainerCreating"
    interruption = burn_in.interruption()
    interruption.set()
    monkeypatch.setattr(burn_in, "interruption", lambda: interruption)

    try:
        with pytest.raises(BurnInError, match=r"interrupted.*`pulumi up` again"):
            provider(cluster).create(properties(plan()))
    finally:
        interruption.clear()

    assert len(cluster.made) == 1
    assert cluster.jobs == {}


def test_what_a_killed_up_has_left_goes_first(heard: list[str]) -> None:
    cluster = healthy("a")
    cluster.jobs["wideep-burnin-0ld-0"] = {"metadata": {"name": "wideep-burnin-0ld-0"}}

    provider(cluster).create(properties(plan()))

    assert cluster.jobs == {}


@pytest.mark.parametrize(
    ("changed", "measures"),
    [
        ({}, False),
        ({"image": "r.example.com/dynamo:2"}, False),
        ({"quick": False}, False),
        ({"nodes": 9}, False),
        ({"again": "after the repair"}, True),
        ({"worker_nodes": 2}, True),
    ],
)
def test_it_is_measured_again_only_where_something_else_is_to_be_measured(
    changed: dict[str, Any], measures: bool, heard: list[str]
) -> None:
    before, after = properties(plan(), measured="a"), properties(plan(**changed))
    cluster = healthy("b")

    assert provider(cluster).diff("x", before, after).changes is measures
    made = provider(cluster).update("x", before, after)

    assert made.outs
    assert made.outs["measured"] == ("b" if measures else "a")


def test_destroy_takes_the_figures_and_never_waits_for_them(heard: list[str]) -> None:
    cluster = healthy("a")
    kept = properties(plan())
    provider(cluster).create(kept)

    provider(cluster).delete("x", kept)
    assert cluster.maps == {}

    cluster.read_only = True
    provider(cluster).delete("x", kept)
    assert heard[-1].startswith("the figures of the burn-in are left in namespace lab")


def test_the_plan_travels_as_json_and_a_preview_asks_no_cluster() -> None:
    inputs = properties(plan())

    assert BurnInPlan.model_validate_json(inputs["plan"]) == plan()
    assert json.loads(inputs["subject"])["workerNodes"] == 1
