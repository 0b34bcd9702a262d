"""The operator, its etcd or its finalizers are gone: nothing hangs, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.faults import report
from tests.faults.world import GRAPH, NAMESPACE, QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

DOWN = "the Dynamo operator does not run"
WAITS = "the same `pulumi up` continues when it runs"


def test_up_waits_for_an_operator_that_does_not_run_says_so_and_goes_on_when_it_does(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    """The download is held meanwhile, so that the operator is gone before there is a graph."""
    destroyed.fault("download-stalls")
    process = destroyed.start("up", *QUIET)
    destroyed.wait(lambda: "platform-platform created" in destroyed.output(), "the platform stands")
    destroyed.fault("operator-down")
    destroyed.clear("download-stalls")

    destroyed.wait(lambda: DOWN in destroyed.output(), "up says what it waits for")
    assert process.poll() is None
    destroyed.clear()
    said = destroyed.finish(process)

    assert said.code == 0, said.text
    assert destroyed.graph_is_ready()
    report.note(request, 5, "the operator is down when the graph is created", report.line_with(said.text, DOWN), WAITS)


@pytest.mark.parametrize(
    ("fault", "title", "words"),
    [
        ("operator-down", "the operator is down at destroy", DOWN),
        ("etcd-down", "the operator's etcd is down at destroy", "the Dynamo operator has no etcd"),
    ],
)
@pytest.mark.often
def test_destroy_waits_for_a_dead_operator_says_so_and_goes_on_when_it_lives(
    deployed: World, request: pytest.FixtureRequest, fault: str, title: str, words: str
) -> None:
    deployed.fault(fault)

    process = deployed.start("destroy", *QUIET)
    deployed.wait(lambda: words in deployed.output() or process.poll() is not None, words)
    deployed.clear()
    said = deployed.finish(process)

    assert said.code == 0, said.text
    assert deployed.leftovers() == []
    seen = report.line_with(said.text, words)
    assert NAMESPACE in seen
    report.note(request, 6, title, seen, "`pulumi destroy` continues when it runs again")


def test_destroy_without_an_operator_ends_says_how_to_go_on_and_leaves_the_graph_serving(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    deployed.fault("operator-down")

    said = deployed.destroy(fails=True)

    seen = report.line_with(said.text, "is not deleted, because its deletion would never finish") + f" {DOWN}"
    assert DOWN in said.text
    assert "pulumi destroy" in said.text
    assert deployed.graph_is_ready()
    assert f"namespace/{NAMESPACE}" in deployed.kubectl("get", "namespace", "-o", "name")
    deployed.clear()
    deployed.destroy()
    report.note(request, 6, "the operator is uninstalled before destroy", seen, "`pulumi destroy`, once it runs again")


@pytest.mark.often
def test_a_component_held_by_a_finalizer_is_named_and_destroy_ends_when_it_is_gone(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """The user takes the finalizer away while destroy waits: what the message says is enough to go on."""
    component = f"{GRAPH}-decode"
    held = '{"metadata":{"finalizers":["nvidia.com/finalizer","example.com/hold"]}}'
    deployed.kubectl("patch", "-n", NAMESPACE, "dcd", component, "--type=merge", "-p", held)
    process = deployed.start("destroy", *QUIET)

    def is_held() -> bool:
        found = deployed.kubectl("get", "dcd", "-n", NAMESPACE, "-o", "name").split()
        return [one.rpartition("/")[2] for one in found] == [component]

    deployed.wait(is_held, "only the held component is left")
    deployed.wait(lambda: "(finalizer example.com/hold" in deployed.output(), "it says so")
    loose = """{"metadata":{"finalizers":null}}"""
    deployed.kubectl("patch", "-n", NAMESPACE, "dcd", component, "--type=merge", "-p", loose)
    said = deployed.finish(process)

    assert said.code == 0, said.text
    assert deployed.leftovers() == []
    seen = report.line_with(said.text, "(finalizer example.com/hold")
    report.note(
        request,
        7,
        "a component with a finalizer that nobody removes",
        seen,
        "`pulumi destroy` completes when it is removed",
    )
