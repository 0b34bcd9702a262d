"""The API server goes away and comes back, is slow, or refuses some calls: nothing is lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import yaml

from tests.faults import report
from tests.faults.world import QUIET, Said, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

AWAY_SECONDS = 4
REFUSES = "the cluster's API server does not accept requests"


@dataclass(frozen=True)
class Place:
    """Where in a command the API server restarts: when the screen says so."""

    name: str
    says: str


UP = (
    Place("while the platform is installed", "platform-platform creating"),
    Place("while the model is downloaded", "download-job creating"),
    Place("while the graph becomes ready", "graph-ready creating"),
)
DESTROY = (
    Place("while the graph is deleted", "graph-graph deleting"),
    Place("while the graph's pods go", "drain-graph deleting"),
    Place("while the platform is uninstalled", "platform-platform deleting"),
)


def restart_at(world: World, verb: str, places: Sequence[Place]) -> list[Said]:
    """Restarts the API server at each place in turn; a command that ended over it is given again. All that was said."""
    said: list[Said] = []
    process = world.start(verb, *QUIET)
    for place in places:
        if not comes_to(world, process, place):
            said.append(world.finish(process))
            process = world.start(verb, *QUIET)
            comes_to(world, process, place)
        restart(world)
    said.append(world.finish(process))
    return said


def comes_to(world: World, process: subprocess.Popen[bytes], place: Place) -> bool:
    """Whether the command comes to a place before it ends."""
    world.wait(lambda: place.says in world.output() or process.poll() is not None, place.says)
    return process.poll() is None


def restart(world: World) -> None:
    """It is away for a while, and serves again when this returns."""
    world.fault("api-down")
    time.sleep(AWAY_SECONDS)
    world.clear()


def row_of(said: list[Said]) -> tuple[str, str]:
    """What a user sees, and what the next command does."""
    errors = [
        line.strip()
        for one in said
        for line in one.text.splitlines()
        if "error: " in line and "update failed" not in line
    ]
    assert not any("Traceback" in one for one in said)
    return (errors[0], "goes on") if any(one.code for one in said) else ("nothing: it continues by itself", "as always")


def test_up_goes_on_after_the_api_server_restarted_three_times(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    said = restart_at(destroyed, "up", UP)

    if said[-1].code:
        destroyed.up()

    assert destroyed.graph_is_ready()
    report.note(request, 3, "the API server restarts during `pulumi up`", *row_of(said))


def test_destroy_ends_after_the_api_server_restarted_three_times(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    said = restart_at(deployed, "destroy", DESTROY)

    if said[-1].code:
        deployed.destroy()

    assert deployed.leftovers() == []
    report.note(request, 3, "the API server restarts during `pulumi destroy`", *row_of(said))


def test_a_slow_api_server_makes_up_and_destroy_slow_and_nothing_else(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    destroyed.fault("api-slow")

    up = destroyed.up()
    assert destroyed.graph_is_ready()
    down = destroyed.destroy()

    seen = f"nothing: `pulumi up` takes {up.seconds:.0f} s, `pulumi destroy` {down.seconds:.0f} s"
    report.note(request, 4, "the API server is paused for two of every three seconds", seen, "as always")


def as_another_user(world: World) -> None:
    """From here on, what is typed is typed by an administrator whom the API server does not exempt from its limits."""
    role = (
        "clusterrolebinding",
        "busy",
        "--clusterrole=cluster-admin",
        "--user=busy",
        "--dry-run=client",
        "-o",
        "json",
    )
    world.kubectl("apply", "-f", "-", given=world.kubectl("create", *role))
    config = yaml.safe_load(world.cluster.kubeconfig.read_text())
    for one in config["users"]:
        one["user"]["as"] = "busy"
    file = world.folder / ".kubeconfig"
    file.write_text(yaml.safe_dump(config))
    world.extra["KUBECONFIG"] = str(file)


def test_requests_that_are_refused_for_a_while_are_sent_again(destroyed: World, request: pytest.FixtureRequest) -> None:
    """The provider asks ten times by itself, a second apart; after that the program wants another try."""
    as_another_user(destroyed)
    destroyed.fault("api-busy")
    process = destroyed.start("up", *QUIET)
    destroyed.wait(lambda: REFUSES in destroyed.output() or process.poll() is not None, REFUSES)

    destroyed.clear()
    said = destroyed.finish(process)

    assert said.code == 0, said.text
    assert destroyed.graph_is_ready()
    seen = report.line_with(said.text, REFUSES)
    report.note(request, 4, "the API server answers 429, too many requests", seen, "it continues by itself")
