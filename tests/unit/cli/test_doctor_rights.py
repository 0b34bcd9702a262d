"""What the doctor says of what its user may not see: that it could not be told, and why."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tests.support.cases import case, container, pod, seen, view
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cluster import ForbiddenError, Listed

KINDS = [field.name for field in fields(ClusterSnapshot) if isinstance(getattr(ClusterSnapshot(), field.name), Listed)]
DENIED = ForbiddenError("list", "things", "in namespace dynamo-workshop")


def verdicts(look: ClusterSnapshot) -> dict[Verdict, list[Finding]]:
    """The findings by verdict."""
    found = list(run_checks(case(look)))
    return {verdict: [each for each in found if each.verdict is verdict] for verdict in Verdict}


@pytest.mark.parametrize("deployed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_may_not_be_listed_is_told_and_held_against_nobody(kind: str, deployed: bool) -> None:
    found = verdicts(view(deployed=deployed, **{kind: Listed(error=DENIED, everywhere=False)}))

    assert found[Verdict.FAILED] == []
    unsaid = kind == "pods" and deployed  # all pods of the graph have their node: other namespaces do not matter
    assert unsaid or [each.what for each in found[Verdict.UNKNOWN] if str(DENIED) in each.what]


def test_without_the_pods_of_others_nobody_says_that_there_is_room() -> None:
    look = view(deployed=False, pods=seen(everywhere=False))

    assert [each.check for each in verdicts(look)[Verdict.UNKNOWN] if each.check == "placement"]


def test_without_the_right_to_read_logs_a_crash_is_told_and_the_right_named() -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2026-01-02T11:59:00Z"}}
    status = {"containerStatuses": [container(restarts=2, state=ended)]}
    broken = pod("decode-0", "decode", "gpu-1", ready=False, status=status)
    denied: set[str] = set()

    def logs(_pod: object, _previous: bool) -> None:
        denied.add("This user may not get pods/log")

    pods = seen(pod("frontend-0", "frontend", "cpu-0", 0), pod("prefill-0", "prefill", "gpu-0"), broken)
    found = verdicts(view(own_pods=pods, logs=logs, denied=denied))

    assert [each.check for each in found[Verdict.FAILED]] == ["crash"]
    assert "This user may not get pods/log" in [each.what for each in found[Verdict.UNKNOWN]]


def test_without_the_right_to_forward_a_port_the_frontend_is_not_said_to_be_silent() -> None:
    def models(_service: str) -> tuple[str, ...]:
        raise ForbiddenError("create", "pods/portforward", "in namespace dynamo-workshop")

    found = verdicts(view(models=models))

    [told] = [each for each in found[Verdict.UNKNOWN] if each.check == "frontend"]
    assert told.what.startswith("This user may not create pods/portforward in namespace dynamo-workshop")
