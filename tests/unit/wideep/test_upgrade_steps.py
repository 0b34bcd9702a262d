"""From one release of Dynamo to another: what the preview announces, what is refused, and by which way it goes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from wideep.dynamo.releases import ROWS
from wideep.dynamo.upgrades import short_way, upgrade
from wideep.versions import DYNAMO

MINORS = ["0.9.1", "1.0.2", "1.1.1", "1.2.1", "1.3.1", "1.4.2", "1.5.1", "1.6.1"]


def test_the_same_version_changes_nothing() -> None:
    found = upgrade("1.6.1", "1.6.1")

    assert (found.kind, found.graph, found.path, found.consequences, found.refused) == ("same", "kept", (), (), None)


@pytest.mark.parametrize(("before", "after"), [*pairwise(MINORS), ("0.6.0", "0.9.1"), ("1.6.1", "1.6.2")])
def test_a_step_within_a_minor_or_to_the_next_one_is_taken(before: str, after: str) -> None:
    found = upgrade(before, after)

    assert (found.kind, found.refused, found.path) == ("update", None, (after,))
    assert any(each.subject == "graph" and each.outage for each in found.consequences)


def test_a_jump_is_refused_with_every_step_between_and_the_short_way() -> None:
    found = upgrade("0.6.0", "1.6.1")

    assert found.kind == "jump"
    assert found.refused == "Dynamo is updated one minor at a time from 0.9 on, and 1.6.1 is several above 0.6.0"
    assert found.path == tuple(MINORS)
    assert "0.9.1 → 1.0.2" in found.advice
    assert "pulumi destroy" in found.advice
    way = [found.advice.index(step) for step in ("version: 0.6.0 again", "retain true", "destroy", "version 1.6.1")]
    assert way == sorted(way), "its first `pulumi up` is one of the release that runs: that of the other is refused"


def test_the_page_on_upgrading_has_the_commands_of_the_short_way_to_the_default_release(root: Path) -> None:
    commands = [line.partition("   ")[0] for line in short_way(DYNAMO)]

    assert "\n".join(commands) in (root / "docs" / "upgrading.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("after", [each.version for each in ROWS])
def test_each_step_of_a_path_is_one_that_is_taken(after: str) -> None:
    steps = ("0.6.0", *upgrade("0.6.0", after).path)

    assert all(upgrade(one, next_one).refused is None for one, next_one in pairwise(steps))


def test_a_graph_is_replaced_where_its_api_changes_or_grove_renames_its_gangs() -> None:
    assert upgrade("1.2.1", "1.3.1").graph == "replaced"
    assert upgrade("1.3.1", "1.4.2").graph == "restarted"
    assert upgrade("1.3.1", "1.4.2", several_pods=True).graph == "replaced"
    assert upgrade("1.5.1", "1.6.1", several_pods=True).graph == "restarted"


def test_on_the_way_to_1_0_the_release_of_the_crds_goes_and_the_crds_stay() -> None:
    found = upgrade("0.9.1", "1.0.2")

    assert found.crds_release_goes
    said = {each.subject: each.text for each in found.consequences}
    assert "stay" in said["release dynamo-crds"]
    assert "fails closed" in said["admission"]
    assert "platform.etcd" in said["etcd"]
    assert not upgrade("1.0.2", "1.1.1").crds_release_goes


def test_what_a_step_does_with_nats_drivers_and_storage_is_said() -> None:
    def said(before: str, after: str) -> set[str]:
        return {each.subject for each in upgrade(before, after).consequences}

    assert "NATS" in said("1.3.1", "1.4.2")
    assert "nodes" in said("1.2.1", "1.3.1")
    assert "stored graphs" in said("1.4.2", "1.5.1")


def test_back_is_one_minor_at_a_time_and_never_below_1_0() -> None:
    assert upgrade("1.6.1", "1.5.1").kind == "downgrade"
    assert upgrade("1.6.1", "1.5.1").refused is None
    assert upgrade("1.6.1", "1.4.2").path == ("1.5.1", "1.4.2")
    below = upgrade("1.0.2", "0.9.1")
    assert below.refused is not None
    assert below.path == ()
    assert below.advice.startswith("set platform.version: 1.0.2 again")
