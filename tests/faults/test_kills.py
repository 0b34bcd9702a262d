"""The engine is killed or interrupted in the middle: what stands is kept, and the next commands end."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import GRAPH, NAMESPACE, QUIET, Said, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Place:
    """Where in an `up` or `destroy` it is ended: when the screen says so. The fault that holds it there ends then."""

    name: str
    says: str
    fault: str = ""
    often: bool = False


UP = (
    Place("at its first object", "namespace-namespace creating", often=True),
    Place("while the platform is installed", "platform-platform creating"),
    Place("while the image is built", "[4/8]", "build-slow", often=True),
    Place("while the model is downloaded", "Job download-job", "download-stalls", often=True),
    Place("while the graph becomes ready", "graph-ready creating"),
)
"""In the order in which one `up` after the other comes to them."""
DESTROY = (
    Place("while the graph is deleted", "graph-graph deleting"),
    Place("while the graph's pods go", "drain-graph deleting"),
    Place("while the platform is uninstalled", "platform-platform deleting"),
)
DESTROY_AGAIN = {DESTROY[0].name: "destroy", DESTROY[1].name: "destroy", DESTROY[2].name: "destroy --refresh"}
UNINSTALLED = "release: not found"
DECODE = "nvidia.com/dynamo-sub-component-type=decode"
SIGNALS = {signal.SIGKILL: "killed", signal.SIGINT: "interrupted"}


def end_at(world: World, verb: str, place: Place, number: signal.Signals) -> Said:
    """Starts a command, and ends it at a place; what a killed one has locked is unlocked, as the next one says."""
    process = start(world, verb)
    world.wait(lambda: place.says in world.output() or process.poll() is not None, place.says)
    assert process.poll() is None, world.output()
    process.send_signal(number)
    said = world.finish(process, within=120)
    assert said.code != 0
    assert "Traceback" not in said.text
    if place.fault:
        world.clear(place.fault)
    return said


def start(world: World, verb: str) -> subprocess.Popen[bytes]:
    """What a person types next. A killed run has left its lock, and the message says what to do about it."""
    process = world.start(verb, *QUIET)
    world.wait(lambda: "@ " in world.output() or process.poll() is not None, "it starts or is refused")
    if "currently locked" not in world.output():
        return process
    assert "pulumi cancel" in world.finish(process).text
    world.unlock()
    return world.start(verb, *QUIET)


def to_the_end(world: World, verb: str) -> Said:
    said = world.finish(start(world, verb))
    assert said.code == 0, said.text
    assert "Traceback" not in said.text
    return said


def seen(said: Said) -> str:
    """What the next command says of an interrupted one."""
    lines = [line.strip() for line in said.text.splitlines() if "an interrupted run" in line]
    return lines[0] if lines else "nothing: it continues"


@pytest.mark.parametrize("number", SIGNALS, ids=SIGNALS.values())
def test_up_goes_on_where_it_was_ended_place_after_place(
    destroyed: World, request: pytest.FixtureRequest, number: signal.Signals
) -> None:
    """Five times in one deployment: each `up` goes on where the last was ended, and the sixth comes to the end."""
    for fault in filter(None, (place.fault for place in UP)):
        destroyed.fault(fault)
    stood: list[str] = []
    before: Place | None = None
    for place in UP:
        said = end_at(destroyed, "up", place, number)
        assert said.made_again(stood) == []
        if before:
            note_up(request, number, before, said)
        stood, before = destroyed.ready(), place

    said = to_the_end(destroyed, "up")

    assert said.made_again(stood) == []
    assert destroyed.graph_is_ready()
    note_up(request, number, UP[-1], said)


def test_ctrl_c_is_heard_while_the_pods_of_the_previous_graph_go(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """A finalizer holds one of them, as a kubelet that no longer answers does."""
    deployed.config("layout.preset", "lab-16gpu-multinode")
    (pod,) = deployed.kubectl("get", "pods", "-n", NAMESPACE, "-l", DECODE, "-o", "name").split()
    held = ("patch", pod, "-n", NAMESPACE, "--type=merge", "-p")
    deployed.kubectl(*held, '{"metadata": {"finalizers": ["example.com/held"]}}')
    try:
        said = end_at(deployed, "up", Place("", "waiting for the previous one's"), signal.SIGINT)
    finally:
        deployed.kubectl(*held, '{"metadata": {"finalizers": null}}')

    assert said.seconds < 30
    to_the_end(deployed, "up")

    assert deployed.graph_is_ready()
    title = "`pulumi up` is interrupted while it waits for the pods of the graph that it replaces"
    report.note(request, 1, title, "nothing: it continues", "`pulumi up` resumes and creates the new graph")


def note_up(request: pytest.FixtureRequest, number: signal.Signals, place: Place, said: Said) -> None:
    title = f"`pulumi up` is {SIGNALS[number]} {place.name}"
    report.note(request, 1, title, seen(said), "`pulumi up` resumes; existing objects are not recreated")


@pytest.mark.parametrize(
    "place", [pytest.param(each, id=each.name, marks=[pytest.mark.often] * each.often) for each in UP]
)
def test_destroy_leaves_nothing_of_an_up_that_was_killed(
    destroyed: World, request: pytest.FixtureRequest, place: Place
) -> None:
    """Also what the state does not know."""
    if place.fault:
        destroyed.fault(place.fault)
    end_at(destroyed, "up", place, signal.SIGKILL)

    said = to_the_end(destroyed, "destroy")

    assert destroyed.leftovers() == []
    title = f"`pulumi up` is killed {place.name}, and `pulumi destroy` comes next"
    report.note(request, 1, title, seen(said), "nothing is left")


def test_a_killed_up_leaves_only_the_weights_that_are_to_be_kept(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    """The namespace stays with them, and does not take the rest along."""
    destroyed.config("modelCache.retain", "true")
    end_at(destroyed, "up", UP[1], signal.SIGKILL)

    said = to_the_end(destroyed, "destroy")

    left = [one for one in destroyed.leftovers() if "namespace/" not in one]
    assert [one for one in left if not one.startswith("persistentvolumeclaim/")] == []
    destroyed.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    title = "`pulumi up` is killed, and `pulumi destroy` keeps the weights (`modelCache.retain`)"
    report.note(request, 1, title, seen(said), "only the volume and its namespace are left")


def test_destroy_takes_down_a_graph_that_the_state_does_not_know(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """A kill in the moment of its creation leaves that; here the state is made to forget."""
    (urn,) = [one["urn"] for one in deployed.state() if one["urn"].endswith("::graph-graph")]
    deployed("state", "delete", urn, "--target-dependents", "--yes")

    said = deployed.destroy()

    row = report.line_with(said.text, "orphaned by an interrupted run"), "nothing is left"
    report.note(request, 1, "the graph exists but is not in the state", *row)


FORGOTTEN = ("cache-claim", "token-secret", "policies-workers", "platform-mpi-secret")


def test_up_goes_on_with_objects_that_stand_and_that_the_state_does_not_know(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """A kill in the moment of their creation leaves such; here the state is made to forget, and all that needs them."""
    claim = ("get", "pvc", "-n", NAMESPACE, "-o", "jsonpath={.items[*].metadata.uid}")
    before = deployed.kubectl(*claim)
    forget(deployed, *FORGOTTEN)

    said = deployed.up()

    assert set(FORGOTTEN) <= set(deployed.resources())
    assert deployed.kubectl(*claim) == before
    assert deployed.graph_is_ready()
    row = (
        report.line_with(said.text, "importing it"),
        "`pulumi up` resumes: the claim is imported, the other objects are recreated",
    )
    report.note(request, 1, "claim, Secrets and network policies exist but are not in the state", *row)


def test_an_object_of_somebody_else_is_left_alone(deployed: World, request: pytest.FixtureRequest) -> None:
    secret = ("secret", "hf-token-secret", "-n", NAMESPACE)
    forget(deployed, "token-secret")
    deployed.kubectl("annotate", *secret, "dynamo-wideep/stack=somebody/elses/stack", "--overwrite")
    before = deployed.kubectl("get", *secret, "-o", "jsonpath={.metadata.uid}")

    said = deployed.up(fails=True)

    seen = report.told(said.text, "not owned by this stack")
    assert "already exists" in said.text
    assert deployed.kubectl("get", *secret, "-o", "jsonpath={.metadata.uid}") == before
    deployed.kubectl("delete", *secret)
    deployed.up()
    assert deployed.graph_is_ready()
    report.note(request, 1, "an object of that name belongs to somebody else", seen, "`pulumi up`, once it is deleted")


def test_up_stops_before_a_graph_that_serves_and_that_its_state_lost(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """It is deleted by nobody but who types it."""
    graph = ("get", "dgd", GRAPH, "-n", NAMESPACE, "-o", "jsonpath={.metadata.uid}")
    before = deployed.kubectl(*graph)
    (urn,) = [one["urn"] for one in deployed.state() if one["urn"].endswith("::graph-graph")]
    deployed("state", "delete", urn, "--target-dependents", "--yes")

    warned = deployed("preview", "--non-interactive")
    said = deployed.up(fails=True)

    words = "it serves and is not in this stack's state"
    assert words in warned.text
    seen = report.told(said.text, words)
    assert deployed.kubectl(*graph) == before
    deployed.kubectl("delete", "dgd", GRAPH, "-n", NAMESPACE)
    deployed.up()
    assert deployed.graph_is_ready()
    then = "import it with `wideep adopt`, or delete it manually and run `pulumi up`"
    report.note(request, 1, "the graph serves but is not in the state", seen, then)


def forget(world: World, *names: str) -> None:
    """The state then knows neither these nor what needs them; the graph, which does, is not made yet."""
    for name in names:
        for urn in [one["urn"] for one in world.state() if one["urn"].endswith(f"::{name}")]:
            world("state", "delete", urn, "--target-dependents", "--force", "--yes")
    left = set(world.resources())
    assert not set(names) & left
    if "graph-graph" not in left:
        world.kubectl("delete", "dgd", GRAPH, "-n", NAMESPACE, "--ignore-not-found")


@pytest.mark.often
def test_destroy_goes_on_where_it_was_killed_place_after_place(deployed: World, request: pytest.FixtureRequest) -> None:
    for place in DESTROY:
        end_at(deployed, "destroy", place, signal.SIGKILL)
        row = "nothing: it continues", f"`pulumi {DESTROY_AGAIN[place.name]}` resumes and leaves nothing"
        report.note(request, 2, f"`pulumi destroy` is killed {place.name}", *row)

    said = deployed.finish(start(deployed, "destroy"))

    if said.code:  # Helm has gone on alone, and ended what the killed run could not note
        assert UNINSTALLED in said.text
        deployed("destroy", *QUIET, "--refresh")
    assert deployed.leftovers() == []


def test_a_release_that_helm_no_longer_has_is_told_by_up_and_destroy_ends_with_a_refresh(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    end_at(deployed, "destroy", DESTROY[-1], signal.SIGKILL)
    if deployed.release_status("dynamo-platform"):  # it is at it, or was killed before it began
        deployed.run("helm", "uninstall", "dynamo-platform", "--namespace", NAMESPACE, fails=None)
    deployed.wait(lambda: deployed.release_status("dynamo-platform") == "", "Helm has gone on alone")
    deployed.unlock()

    said = deployed.up(fails=True)

    seen = report.line_with(said.text, "but not on the cluster")
    assert UNINSTALLED in deployed("destroy", *QUIET, fails=True)
    deployed("destroy", *QUIET, "--refresh")
    assert deployed.leftovers() == []
    deployed.up()
    assert deployed.graph_is_ready()
    then = "`pulumi destroy --refresh`, or `pulumi up --refresh`"
    report.note(request, 2, "Helm ended the uninstall that a killed `pulumi destroy` had begun", seen, then)
