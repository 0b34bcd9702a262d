"""The image: its build fails, its registry refuses or is away, and what was built is not built again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """A fault of the image's build, how it is told, what else of it the user then sees, and the row of the report."""

    number: int
    fault: str
    title: str
    told: str
    words: tuple[str, ...]
    often: bool = False


CASES = (
    Case(
        14,
        "build-fails",
        "the image build fails",
        "image build failed (exit code 1) at step `compile DeepEP`",
        (
            "did not complete successfully: exit code: 1",
            "ninja: build stopped: subcommand failed.",
            'identifier "nvshmemi_ibgda_put_nbi_warp" is undefined',
            "[8/24] nvcc",
        ),
        often=True,
    ),
    Case(
        15,
        "push-refused",
        "the registry rejects the push",
        "the registry rejects the push of registry.sim/dynamo-wideep:0.6.0",
        ("failed to push", "UNAUTHORIZED"),
    ),
    Case(
        15,
        "registry-down",
        "the registry is down",
        "registry registry.sim is unreachable: connection refused",
        ("failed to push", "connection refused"),
        often=True,
    ),
)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.fault, marks=[pytest.mark.often] * case.often) for case in CASES]
)
def test_an_image_that_does_not_come_about_stops_up_before_the_graph(
    destroyed: World, request: pytest.FixtureRequest, case: Case
) -> None:
    destroyed.fault(case.fault)

    said = destroyed.up(fails=True)

    seen = report.told(said.text, case.told)
    for words in case.words:
        assert words in said.text
    assert "graph-graph" not in destroyed.resources()
    stood = destroyed.ready()
    assert stood  # how much, is a race: this build ends within seconds
    destroyed.clear()
    report.note(request, case.number, case.title, seen, "`pulumi up` builds; existing objects are not changed")
    said = destroyed.up()
    assert destroyed.graph_is_ready()
    assert said.made_again(stood) == []


@pytest.mark.often
def test_an_image_that_the_registry_loses_later_is_named_and_the_next_up_builds_it(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """Pods that start anew cannot pull it; a refresh sees that it is gone."""
    image = deployed("stack", "output", "image").text.strip()
    digest = image.replace(deployed.cluster.registry_alias, deployed.cluster.registry)
    tag = digest.partition("@")[0] + ":0.6.0"
    for name in (tag, digest):
        deployed.run("crane", "delete", "--insecure", name)

    said = deployed("preview", "--refresh")

    seen = report.line_with(said.text, "docker-build:index:Image image-build")
    assert "create" in seen
    deployed("up", "--refresh", *QUIET)
    assert deployed.graph_is_ready()
    report.note(request, 15, "the registry loses the image later", seen, "`pulumi up --refresh` rebuilds it")
