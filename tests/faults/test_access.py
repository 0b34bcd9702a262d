"""Who may do what: credentials that the cluster refuses, rights that lack, a quota, an admission webhook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.faults import report
from tests.faults.test_pods import READY, anew, pods, put_right
from tests.faults.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
ACCOUNT = "without-rights"


def as_somebody(world: World, folder: Path, token: str) -> None:
    """The next commands reach the same cluster with another token."""
    found = yaml.safe_load(Path(world.env["KUBECONFIG"]).read_text())
    for user in found["users"]:
        user["user"] = {"token": token}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(found))
    world.extra["KUBECONFIG"] = str(file)


@pytest.mark.often
def test_a_token_that_has_expired_is_said_and_nothing_is_changed(
    deployed: World, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    anew(deployed)
    as_somebody(deployed, tmp_path, "expired")

    said = deployed.up(fails=True)

    seen = report.told(said.text, "the cluster rejects the credentials (401")
    deployed.extra.clear()
    assert deployed.graph_is_ready()
    put_right(deployed)
    report.note(request, 25, "the kubeconfig's token has expired", seen, "`pulumi up`, with a new one")


@pytest.mark.often
def test_a_user_without_rights_is_told_which_one_lacks(
    deployed: World, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    deployed.kubectl("create", "serviceaccount", ACCOUNT, "-n", "default")
    token = deployed.kubectl("create", "token", ACCOUNT, "-n", "default").strip()
    anew(deployed)
    as_somebody(deployed, tmp_path, token)

    said = deployed.up(fails=True)

    seen = report.told(said.text, f"user system:serviceaccount:default:{ACCOUNT} may not")
    assert "forbidden" in said.text
    assert token not in said.text
    deployed.extra.clear()
    assert deployed.graph_is_ready()
    put_right(deployed)
    deployed.kubectl("delete", "serviceaccount", ACCOUNT, "-n", "default")
    report.note(request, 24, "the user may not do it (RBAC)", seen, "`pulumi up`, by one who may")


def test_a_quota_that_leaves_no_gpu_ends_up_with_the_quotas_own_words(
    deployed: World, request: pytest.FixtureRequest
) -> None:
    anew(deployed)
    deployed.fault("quota")

    said = deployed.up(fails=True)

    seen = report.line_with(said.text, "exceeded quota")
    assert "describe quota" in said.text
    put_right(deployed)
    report.note(request, 24, "a quota of the namespace is exceeded", seen, "`pulumi up`, once it is raised")


def test_destroy_ends_while_a_quota_is_exceeded(deployed: World, request: pytest.FixtureRequest) -> None:
    anew(deployed)
    deployed.fault("quota")
    said = deployed.up(fails=True)

    deployed.destroy()

    deployed.clear()
    seen = report.line_with(said.text, "exceeded quota")
    report.note(request, 24, "the stack is destroyed while a quota is exceeded", seen, "`pulumi destroy` ends")


@pytest.mark.often
def test_an_admission_webhook_that_does_not_answer_is_named(deployed: World, request: pytest.FixtureRequest) -> None:
    anew(deployed)
    deployed.fault("webhook-down")

    said = deployed.up(fails=True)

    seen = report.told(said.text, "admission webhook sim-fault.example.com is unreachable")
    assert "failed calling webhook" in said.text
    assert pods(deployed, "decode", READY) == "true", "what serves goes on"
    put_right(deployed)
    report.note(request, 24, "an admission webhook is down", seen, "`pulumi up`, once it answers")
