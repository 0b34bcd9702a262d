"""Somebody changes or deletes what the stack made: a refresh sees it, and the next `up` puts it right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import GRAPH, NAMESPACE, QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """What is done by hand, what `pulumi preview --refresh` then says, and the row of the report."""

    number: int
    title: str
    command: tuple[str, ...]
    says: str


CASES = (
    Case(
        9,
        "the graph is edited by hand",
        ("patch", "dgd", GRAPH, "--type=merge", "-p", '{"spec":{"services":{"decode":{"replicas":0}}}}'),
        "graph-graph",
    ),
    Case(9, "the graph is deleted by hand", ("delete", "dgd", GRAPH), "graph-graph"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_refresh_sees_it_and_the_next_up_puts_it_right(
    deployed: World, request: pytest.FixtureRequest, case: Case
) -> None:
    deployed.kubectl("-n", NAMESPACE, *case.command)

    seen = report.line_with(deployed("preview", "--refresh").text, case.says)
    deployed("up", "--refresh", *QUIET)

    assert deployed.graph_is_ready()
    assert "unchanged" in deployed("preview", "--refresh", "--expect-no-changes")
    report.note(request, case.number, case.title, seen, "`pulumi up --refresh` puts it right")


@pytest.mark.often
def test_the_operator_makes_a_deleted_service_again(deployed: World, request: pytest.FixtureRequest) -> None:
    """A Service is the operator's, not the stack's: the next look at its component brings it back."""
    service = f"{GRAPH}-frontend"
    deployed.kubectl("-n", NAMESPACE, "delete", "service", service)

    deployed.wait(lambda: service in deployed.kubectl("-n", NAMESPACE, "get", "services", "-o", "name"), "the Service")

    said = deployed.up()
    assert "unchanged" in said
    report.note(request, 9, "the graph's Service is deleted by hand", "nothing", "the operator recreates it")


@pytest.mark.often
def test_destroy_ends_after_the_graph_was_deleted_by_hand(deployed: World, request: pytest.FixtureRequest) -> None:
    deployed.kubectl("-n", NAMESPACE, "delete", "dgd", GRAPH)

    said = deployed.destroy()

    seen = report.line_with(said.text, f"nothing of graph {GRAPH} is left")
    report.note(request, 9, "the graph is deleted by hand before destroy", seen, "`pulumi destroy` ends")


def test_a_namespace_deleted_by_hand_goes_with_the_commands_that_destroy_prints(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """It took the operator along, so that the graph's finalizers hold it in Terminating."""
    deployed.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    deployed.wait(
        lambda: "deployment" not in deployed.kubectl("-n", NAMESPACE, "get", "deploy", "-o", "name"), "no operator"
    )

    said = deployed.finish(deployed.start("destroy", *QUIET))
    if "kubectl" in said:
        assert "there is no Dynamo operator on the cluster" in said.text.lower().replace("dynamo", "Dynamo")
        deployed.run_printed(said)
        said = deployed.finish(deployed.start("destroy", *QUIET))
    if said.code:
        assert "pulumi destroy --refresh" in said
        deployed("destroy", "--refresh", *QUIET)
    assert deployed.leftovers() == []

    seen = next(line.strip() for line in said.text.splitlines() if NAMESPACE in line)
    row = seen, "the printed commands; then nothing is left"
    report.note(request, 8, "the namespace is deleted by hand", *row)
