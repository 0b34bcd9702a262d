"""The download and its volume: what is wrong is said in their own words, at once where waiting does not help."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.faults import report
from tests.faults.world import NAMESPACE, QUIET, World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PODS = "*-model-download-*"
UNBOUND = "PersistentVolumeClaim model-cache-pvc: a volume of storage class nobody-makes: "
SLOW_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "nobody-makes"},
    "provisioner": "example.com/nobody",
}


@dataclass(frozen=True)
class Case:
    """A fault, the words of the download's log that the user has to see, how it is told, and the row of the report."""

    number: int
    fault: str
    title: str
    words: str
    told: str
    at_once: bool = True


CASES = (
    Case(
        16,
        "token-refused",
        "the hub refuses the token",
        "401 Client Error: Unauthorized",
        "Hugging Face rejects the token (401 Unauthorized).",
    ),
    Case(
        16, "model-gated", "the model is gated", "Access to model", "only to accounts that have accepted its terms (403"
    ),
    Case(17, "volume-full", "the volume fills up", "No space left on device", "the model cache of 1Ti is full."),
    Case(
        16,
        "checksum-wrong",
        "a file differs from the one on Hugging Face",
        "a file is not as it is on Hugging Face",
        "a file's checksum differs from Hugging Face; the next attempt downloads it again.",
        at_once=False,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.fault for case in CASES])
def test_a_download_that_fails_says_why(destroyed: World, request: pytest.FixtureRequest, case: Case) -> None:
    destroyed.fault(case.fault, on=PODS)

    said = destroyed.up(fails=True)

    seen = report.told(said.text, case.told)
    assert case.words in said.text
    assert "BackoffLimitExceeded" in said.text
    assert "graph-graph" not in destroyed.resources()
    assert len(_download_pods(destroyed)) == 1
    log = destroyed.kubectl("logs", "-n", NAMESPACE, "-l", "batch.kubernetes.io/job-name", "--tail=-1")
    assert ("trying again" in log) != case.at_once
    destroyed.clear()
    destroyed.up()
    assert destroyed.graph_is_ready()
    report.note(request, case.number, case.title, seen, "`pulumi up` makes the Job again")


def test_a_download_that_stalls_goes_on_when_its_pod_is_deleted(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    """As `wideep doctor` says after some minutes of silence; `up` still waits, and then goes on."""
    destroyed.fault("download-stalls", on=PODS)
    process = destroyed.start("up", *QUIET)
    destroyed.wait(lambda: "Fetching files: 100%" in _download_log(destroyed), "the download is at its end")
    seen = report.line_with(destroyed.output(), "Waiting for Job")

    destroyed.clear()
    destroyed.kubectl("delete", "-n", NAMESPACE, *_download_pods(destroyed))
    said = destroyed.finish(process)

    assert said.code == 0, said.text
    assert destroyed.graph_is_ready()
    report.note(
        request, 16, "the download stalls", seen, "continues when its pod is deleted, as `wideep doctor` advises"
    )


def test_a_storage_class_that_there_is_not_is_an_error_before_anything_is_made(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    destroyed.config("modelCache.storageClass", "no-such-class")

    said = destroyed.up(fails=True)

    seen = report.line_with(said.text, "no storage class no-such-class, and no volume of it (it has kwok-volume)")
    assert "modelCache.storageClass: kwok-volume" in said.text
    assert "namespace-namespace" not in destroyed.resources()
    destroyed.mend()
    destroyed.up()
    report.note(request, 17, "there is no such storage class", seen, "`pulumi up`, after the fix")


def test_a_volume_that_nobody_makes_is_waited_for_in_words_and_destroy_ends(
    destroyed: World, request: pytest.FixtureRequest
) -> None:
    destroyed.kubectl("apply", "-f", "-", given=json.dumps(SLOW_CLASS))
    destroyed.config("modelCache.storageClass", "nobody-makes")
    process = destroyed.start("up", *QUIET)
    destroyed.wait(lambda: UNBOUND in destroyed.output() or process.poll() is not None, "it says what it waits for")
    process.terminate()
    said = destroyed.finish(process)

    seen = report.line_with(said.text, UNBOUND)
    assert said.code != 0
    destroyed.unlock()
    destroyed.destroy()
    destroyed.mend()
    destroyed.up()
    assert destroyed.graph_is_ready()
    destroyed.kubectl("delete", "storageclass", "nobody-makes")
    report.note(request, 17, "the volume stays Pending", seen, "`pulumi destroy`, another class, `pulumi up`")


@pytest.mark.often
def test_a_volume_smaller_than_the_model_is_a_mistake_in_the_config(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.config("modelCache.size", "500Gi")

    said = world.up(fails=True)

    seen = report.line_with(said.text, "GB on disk")
    assert "modelCache.size: 500Gi" in said.text
    report.note(request, 17, "the volume is smaller than the model", seen, "`pulumi up`, after the fix")


def _download_pods(world: World) -> list[str]:
    """The Job's, as kubectl names them."""
    return world.kubectl("get", "pods", "-n", NAMESPACE, "-l", "batch.kubernetes.io/job-name", "-o", "name").split()


def _download_log(world: World) -> str:
    found = _download_pods(world)
    return world.kubectl("logs", "-n", NAMESPACE, found[0], fails=None) if found else ""
