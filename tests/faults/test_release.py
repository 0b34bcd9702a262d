"""Helm is slow, is interrupted, or finds what another release has left."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import QUIET, World, end_session

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

PLATFORM = "dynamo-platform"
CRD = "dynamographdeployments.nvidia.com"
NO_PODS = "nodes-cordoned"
"""Holds the platform: its release waits for pods that cannot start."""


def end_while(world: World, status: str, number: signal.Signals) -> None:
    """Ends an `up` while Helm has noted the platform's release so."""
    process = world.start("up", *QUIET)
    world.wait(lambda: world.release_status(PLATFORM) == status, f"the release is {status}")
    process.send_signal(number)
    said = world.finish(process, within=60)
    assert said.code != 0
    end_session(process.pid)  # as a machine that goes down does: in the provider alone, Helm would go on to its end
    world.clear()
    world.unlock()


def test_an_install_that_takes_too_long_says_so_and_the_next_up_goes_on(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    destroyed.fault(NO_PODS)
    destroyed.config("platform.readyTimeoutMinutes", "1")

    process = destroyed.start("up", *QUIET)
    destroyed.wait(lambda: "creating failed" in destroyed.output(), "Helm gives up")
    destroyed.clear()  # the download needs a node, and up waits for it before it ends
    said = destroyed.finish(process)

    assert said.code != 0
    seen = report.told(said.text, "did not become ready in time")
    assert PLATFORM in seen
    assert "graph-graph" not in destroyed.resources()
    stood = destroyed.ready()
    assert "namespace-namespace" in stood
    assert destroyed.up().made_again(stood) == []
    assert destroyed.graph_is_ready()
    report.note(request, 11, "the platform's chart does not become ready in time", seen, "`pulumi up` upgrades it")


@dataclass(frozen=True)
class Case:
    """How an `up` is ended that installs the platform, what the next one then says, and the row of the report."""

    name: str
    number: signal.Signals
    title: str


CASES = (
    Case("killed", signal.SIGKILL, "a release is left in `pending-install` by a killed `pulumi up`"),
    Case("interrupted", signal.SIGINT, "a release is left in `pending-install` by an interrupted `pulumi up`"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_release_left_in_pending_install_is_gone_on_with(
    destroyed: World, request: pytest.FixtureRequest, case: Case
) -> None:
    destroyed.fault(NO_PODS)
    end_while(destroyed, "pending-install", case.number)

    said = destroyed.up()

    assert destroyed.release_status(PLATFORM) == "deployed"
    assert destroyed.graph_is_ready()
    seen = next((line.strip() for line in said.text.splitlines() if "an interrupted run" in line), "nothing")
    report.note(request, 12, case.title, seen, "`pulumi up` resumes")


def test_a_release_left_in_pending_upgrade_is_upgraded_by_the_next_up(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    deployed.config("platform.values.nats.reloader.image.tag", "0.16.2")
    deployed.fault(NO_PODS)
    end_while(deployed, "pending-upgrade", signal.SIGKILL)

    said = deployed.up()

    seen = report.line_with(said.text, "an interrupted run left it pending-upgrade")
    assert deployed.release_status(PLATFORM) == "deployed"
    assert deployed.graph_is_ready()
    report.note(request, 12, "a release is left in `pending-upgrade`", seen, "`pulumi up` upgrades it again")


def test_destroy_takes_a_release_away_that_is_pending(destroyed: World, request: pytest.FixtureRequest) -> None:
    destroyed.fault(NO_PODS)
    end_while(destroyed, "pending-install", signal.SIGKILL)

    destroyed.destroy()

    title = "a release is left in `pending-install`, and `pulumi destroy` comes next"
    report.note(request, 12, title, "nothing", "nothing is left")


def test_crds_of_another_release_are_named_with_the_commands_that_hand_them_over(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    deployed.destroy()
    deployed.fault("crds-of-another-release")

    said = deployed.up(fails=True)

    seen = report.line_with(said.text, "belongs to Helm release")
    assert "CustomResourceDefinition dynamo" in seen
    assert "dynamo-crds-old" in seen
    assert deployed.leftovers() == []
    deployed.run_printed(said)
    deployed.up()
    assert deployed.graph_is_ready()
    report.note(request, 13, "the CRDs belong to a release of another name", seen, "the commands, then `pulumi up`")


def test_crds_of_an_older_version_are_brought_up_to_date(deployed: World, request: pytest.FixtureRequest) -> None:
    deployed.destroy()
    deployed.fault("crds-older")

    deployed.up()

    assert "multinode" in deployed.kubectl("get", "crd", CRD, "-o", "json")
    assert deployed.graph_is_ready()
    report.note(request, 13, "the CRDs are of an older version", "nothing", "the same `pulumi up` updates them")
