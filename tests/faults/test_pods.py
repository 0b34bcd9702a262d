"""The graph's pods do not become ready, or end later: `up` says why, early where waiting does not help."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import GRAPH, NAMESPACE, QUIET, World
from tests.support.process import kill_decode
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
DECODE = f"{GRAPH}-decode-*"


@dataclass(frozen=True)
class Case:
    """A fault of the decode workers at their start, what `up` says of it, and the row of the report."""

    number: int
    fault: str
    title: str
    words: tuple[str, ...]
    on: str = DECODE


CASES = (
    Case(
        20,
        "out-of-memory",
        "a worker runs out of GPU memory while it loads",
        ("torch.OutOfMemoryError: CUDA out of memory", "layout.decode.memFractionStatic"),
    ),
    Case(
        21,
        "argument-refused",
        "a worker ends because of a wrong argument",
        ("error: unrecognized arguments: --no-such-flag", "layout.decode.extraArgs"),
    ),
    Case(
        22,
        "nccl-fails",
        "NCCL cannot connect the pods of a worker",
        ("exited 3 times with exit code 1: ncclSystemError", "hardware.interconnect"),
    ),
    Case(
        22,
        "nvshmem-fails",
        "NVSHMEM cannot connect the nodes",
        ("init failed for transport: IBGDA", "layout.decode.moeA2aBackend: none"),
    ),
    Case(15, "image-lost", "the nodes cannot pull the image", ("ImagePullBackOff", "describe pod"), on="*"),
)


def anew(world: World) -> None:
    """A change of the config that makes the workers' pods anew."""
    world.config("workers.env.ATTEMPT", "another")


def put_right(world: World) -> None:
    """The fault is over and the config as it was: the next `up` ends with the graph of before."""
    world.clear()
    world.mend()
    world.up()
    world.wait(world.graph_is_ready, "the graph is ready")


@pytest.mark.parametrize("case", CASES, ids=[case.fault for case in CASES])
def test_up_ends_early_and_says_why(deployed: World, request: pytest.FixtureRequest, case: Case) -> None:
    anew(deployed)
    deployed.fault(case.fault, on=case.on)

    said = deployed.up(fails=True)

    seen = report.line_with(said.text, case.words[0])
    for words in (*case.words, f"graph {GRAPH} in namespace {NAMESPACE} is not ready", "run `pulumi up` again"):
        assert words in said.text
    assert f"kubectl -n {NAMESPACE}" in said.text
    put_right(deployed)
    report.note(request, case.number, case.title, seen, "`pulumi up`, after the fix")


def test_destroy_ends_while_a_pod_ends_again_and_again(deployed: World, request: pytest.FixtureRequest) -> None:
    anew(deployed)
    deployed.fault("argument-refused", on=DECODE)
    said = deployed.up(fails=True)

    deployed.destroy()

    deployed.clear()
    seen = report.line_with(said.text, "error: unrecognized arguments")
    report.note(
        request, 21, "the stack is destroyed while a worker ends again and again", seen, "`pulumi destroy` ends"
    )


@pytest.mark.often
def test_a_worker_that_runs_out_of_memory_under_load_is_named_with_the_key(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    deployed.fault("out-of-memory-later", on=DECODE)
    deployed.wait(lambda: int(pods(deployed, "decode", RESTARTS) or "0") > 0, "the worker has ended")

    said = wideep(deployed)("doctor", "--offline")

    words = " ".join(said.out.split())
    assert "ran out of memory under load" in words
    assert "layout.decode" in words
    assert "unchanged" in deployed.up()
    deployed.clear()
    deployed.wait(deployed.graph_is_ready, "it serves again")
    seen = report.line_with(said.out, "ran out of memory")
    report.note(request, 20, "a worker runs out of GPU memory under load (`wideep doctor`)", seen, "it starts again")


def test_a_frontend_that_hears_of_no_worker_is_told_by_smoke(deployed: World, request: pytest.FixtureRequest) -> None:
    """The pods are ready, so that `up` ends; only a call tells."""
    deployed.fault("never-registers", on=DECODE)
    anew(deployed)
    deployed.up()

    said = wideep(deployed)("smoke", "--timeout", "5")

    assert said.code == 1, said.out
    assert "decode" in said.out + said.err
    seen = report.line_with(said.out + said.err, "No answer within")
    put_right(deployed)
    assert wideep(deployed)("smoke", "--timeout", "60").code == 0
    report.note(request, 23, "no decode worker registers at the frontend (`wideep smoke`)", seen, "`pulumi up`")


@pytest.mark.often
def test_a_dead_worker_that_is_still_listed_does_not_fail_a_smoke_test(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    kill_decode(deployed.cluster)

    said = wideep(deployed)("smoke", "--timeout", "90")

    assert said.code == 0, said.out + said.err
    assert "unchanged" in deployed.up()
    seen = said.out.strip().splitlines()[-1]
    report.note(request, 23, "a worker that was killed is still listed (`wideep smoke`)", seen, "it starts again")


@pytest.mark.often
def test_an_update_is_over_when_the_new_pods_are_ready_and_not_before(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    """The condition Ready of before the update has no say."""
    before = pods(deployed, "decode", NAMES)
    anew(deployed)

    deployed("up", *QUIET)

    after = pods(deployed, "decode", NAMES)
    assert deployed.graph_is_ready()
    assert after
    assert not set(after.split()) & set(before.split())
    assert "another" in pods(deployed, "decode", "{.items[*].spec.containers[*].env[*].value}").split()
    assert pods(deployed, "decode", READY) == "true"


NAMES = "{.items[*].metadata.name}"
READY = "{.items[*].status.containerStatuses[*].ready}"
RESTARTS = "{.items[0].status.containerStatuses[0].restartCount}"


def pods(world: World, role: str, path: str) -> str:
    """Of the pods of a role, what the path says."""
    selector = f"nvidia.com/dynamo-sub-component-type={role}"
    return world.kubectl("get", "pods", "-n", NAMESPACE, "-l", selector, "-o", f"jsonpath={path}")


def wideep(world: World) -> Wideep:
    return Wideep(world.cluster, world.folder, world.stack)
