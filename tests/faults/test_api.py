"""The API server goes away and comes back, is slow, or refuses some calls: nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Timer

import pytest

from tests.faults import report
from tests.faults.world import QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

AWAY_SECONDS = 4


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


def restart_at(world: World, verb: str, place: Place) -> tuple[str, bool]:
    """Restarts the API server in the middle of a command; what that printed, and whether it went through."""
    process = world.start(verb, *QUIET)
    world.wait(lambda: place.says in world.output() or process.poll() is not None, place.says)
    assert process.poll() is None, world.output()
    world.fault("api-down")
    back = Timer(AWAY_SECONDS, world.clear)
    back.start()
    said = world.finish(process)
    back.join()
    assert "Traceback" not in said.text, said.text
    return said.text, said.code == 0


def seen_of(text: str, went_through: bool) -> str:
    if went_through:
        return "nothing: the command goes on when it is back"
    return next(line.strip().removeprefix("error: ") for line in text.splitlines() if "connect" in line)


@pytest.mark.parametrize("place", UP, ids=[place.name for place in UP])
def test_up_goes_on_after_the_api_server_restarted(
    destroyed: World, request: pytest.FixtureRequest, place: Place
) -> None:
    text, went_through = restart_at(destroyed, "up", place)

    if not went_through:
        destroyed.up()

    assert destroyed.graph_is_ready()
    title = f"the API server restarts {place.name}"
    report.note(request, 3, title, seen_of(text, went_through), "`pulumi up` goes on")


@pytest.mark.parametrize("place", DESTROY, ids=[place.name for place in DESTROY])
def test_destroy_ends_after_the_api_server_restarted(
    deployed: World, request: pytest.FixtureRequest, place: Place
) -> None:
    text, went_through = restart_at(deployed, "destroy", place)

    if not went_through:
        deployed.destroy()

    assert deployed.leftovers() == []
    title = f"the API server restarts {place.name}"
    report.note(request, 3, title, seen_of(text, went_through), "`pulumi destroy` goes on")


def test_a_slow_api_server_makes_up_and_destroy_slow_and_nothing_else(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    destroyed.fault("api-slow")

    up = destroyed.up()
    assert destroyed.graph_is_ready()
    down = destroyed.destroy()

    seen = f"nothing: `pulumi up` takes {up.seconds:.0f} s, `pulumi destroy` {down.seconds:.0f} s"
    report.note(request, 4, "the API server takes 2 s for each call", seen, "as always")


def test_calls_that_are_refused_now_and_then_are_named_and_the_next_up_goes_on(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    """A 429 is asked again by whoever it is said to; a 500 ends the call, as with the real provider."""
    destroyed.fault("api-errors")

    said = destroyed.finish(destroyed.start("up", *QUIET))

    assert said.code == 0 or "the server answers 500" in said.text, said.text
    stood = destroyed.resources()
    destroyed.clear()
    again = destroyed.up()
    assert destroyed.graph_is_ready()
    assert [name for name in stood if f"{name} creating" in again] == []
    seen = report.line_with(said.text, "the server answers 500") if said.code else "nothing"
    report.note(request, 4, "the API server answers 429 and 500 now and then", seen, "`pulumi up` goes on")
