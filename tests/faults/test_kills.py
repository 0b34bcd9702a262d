"""The engine is killed or interrupted in the middle: what stands is kept, and the next commands end."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Place:
    """Where in an `up` or `destroy` it is killed: when the screen says so, with a fault that holds it there."""

    name: str
    says: str
    fault: str = ""


UP = (
    Place("at its first object", "namespace-namespace creating"),
    Place("while the image is built", "[4/8]", "build-slow"),
    Place("while the platform is installed", "platform-platform creating"),
    Place("while the model is downloaded", "download-job creating", "download-stalls"),
    Place("while the graph becomes ready", "graph-graph creating"),
)
DESTROY = (
    Place("while the graph is deleted", "graph-graph deleting"),
    Place("while the graph's pods go", "drain-graph deleting"),
    Place("while the platform is uninstalled", "platform-platform deleting"),
)
SIGNALS = {signal.SIGKILL: "killed", signal.SIGINT: "interrupted"}


def end_at(world: World, verb: str, place: Place, number: signal.Signals) -> str:
    """Starts a command, ends it at a place; returns what it printed."""
    if place.fault:
        world.fault(place.fault)
    process = world.start(verb, *QUIET)
    world.wait(lambda: place.says in world.output() or process.poll() is not None, place.says)
    assert process.poll() is None, world.output()
    process.send_signal(number)
    said = world.finish(process, within=60)
    assert said.code != 0
    assert "Traceback" not in said.text
    world.clear()
    return said.text


def go_on(world: World) -> str:
    """What a person types next; a killed run has left its lock, and the message says what to do about it."""
    said = world.finish(world.start("up", *QUIET))
    if "currently locked" in said.text:
        assert "pulumi cancel" in said.text
        world.unlock()
        said = world.finish(world.start("up", *QUIET))
    assert said.code == 0, said.text
    return said.text


@pytest.mark.parametrize("place", UP, ids=[place.name for place in UP])
@pytest.mark.parametrize("number", SIGNALS, ids=SIGNALS.values())
def test_up_goes_on_where_it_was_ended(
    destroyed: World, request: pytest.FixtureRequest, number: signal.Signals, place: Place
) -> None:
    end_at(destroyed, "up", place, number)

    said = go_on(destroyed)

    assert destroyed.graph_is_ready()
    title = f"`pulumi up` is {SIGNALS[number]} {place.name}"
    report.note(request, 1, title, said.splitlines()[0], "`pulumi up` goes on")


@pytest.mark.parametrize("place", DESTROY, ids=[place.name for place in DESTROY])
def test_destroy_goes_on_where_it_was_killed(deployed: World, request: pytest.FixtureRequest, place: Place) -> None:
    end_at(deployed, "destroy", place, signal.SIGKILL)
    deployed.unlock()

    said = deployed.destroy()

    report.note(request, 2, f"`pulumi destroy` is killed {place.name}", said.text.splitlines()[0], "`pulumi destroy`")
