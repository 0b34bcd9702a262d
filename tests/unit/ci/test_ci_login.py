"""The job's way to the cluster: a kubeconfig whose tokens are asked for when they are needed, and never printed."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import process
from tests.support.loopback import Request, listening
from tests.support.process import Said

CLAIMS = base64.urlsafe_b64encode(json.dumps({"exp": 1_800_000_000}).encode()).decode().rstrip("=")
TOKEN = f"head.{CLAIMS}.signature"


def issue(request: Request) -> None:
    """Stand for the runner's token service: it wants the job's own bearer, and an audience."""
    good = request.headers["Authorization"] == "Bearer of-the-job" and request.path.endswith("&audience=my%20cluster")
    request.answer(200 if good else 401, {"value": TOKEN})


@pytest.fixture
def job() -> Iterator[dict[str, str]]:
    """The variables of a job that may ask for a token."""
    with listening(GET=issue) as port:
        url = f"http://127.0.0.1:{port}/token?api-version=2"
        yield {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job"}


def run(command: list[str], env: dict[str, str], fails: bool = False) -> Said:
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return process.run(*command, env=known | env, fails=fails)


def test_it_leaves_a_kubeconfig_that_asks_for_a_token_itself(tmp_path: Path, job: dict[str, str]) -> None:
    where = {"KUBE_SERVER": "https://api.example.com", "KUBE_CA": "Q0E=", "KUBE_AUDIENCE": "my cluster"}
    files = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ENV": str(tmp_path / "env")}
    done = run(["sh", "ci/login.sh"], {**job, **where, **files})
    assert (tmp_path / "env").read_text() == f"KUBECONFIG={tmp_path}/kubeconfig\n"
    kubeconfig = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://api.example.com"
    assert oct((tmp_path / "kubeconfig").stat().st_mode)[-3:] == "600"
    plugin = kubeconfig["users"][0]["user"]["exec"]
    credential = run([sys.executable, *plugin["args"]], job).json
    assert credential["status"] == {"token": TOKEN, "expirationTimestamp": "2027-01-15T08:00:00Z"}
    assert credential["apiVersion"] == plugin["apiVersion"]
    assert TOKEN not in done.text + (tmp_path / "kubeconfig").read_text()


def test_gitlabs_token_is_taken_as_it_is() -> None:
    done = run([sys.executable, "ci/id_token.py", "--raw", "any"], {"ID_TOKEN": TOKEN})
    assert done.out == TOKEN


def test_a_kubeconfig_that_is_there_is_used() -> None:
    done = run(["sh", "ci/login.sh"], {"KUBECONFIG": "/somewhere"})
    assert done.out == ""


def test_elsewhere_it_prints_what_a_shell_evaluates_and_nothing_in_a_value_is_the_shells(tmp_path: Path) -> None:
    odd = tmp_path / "it's $(touch pwned) a folder"
    odd.mkdir()
    names = {"KUBE_SERVER": "x", "KUBE_CA": "x", "KUBE_AUDIENCE": "x", "RUNNER_TEMP": str(odd)}
    printed = run(["sh", "ci/login.sh"], names).out
    done = run(["sh", "-c", 'cd "$1" && eval "$2" && echo "$KUBECONFIG"', "-", str(tmp_path), printed], {})
    assert done.out == f"{odd}/kubeconfig\n", printed
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("missing", ["KUBE_SERVER", "KUBE_CA", "KUBE_AUDIENCE"])
def test_what_is_missing_is_named(missing: str) -> None:
    names = {"KUBE_SERVER": "x", "KUBE_CA": "x", "KUBE_AUDIENCE": "x"}
    done = run(["sh", "ci/login.sh"], {name: value for name, value in names.items() if name != missing}, fails=True)
    assert done.code == 1
    assert f"{missing} is not set, nor is KUBECONFIG" in done.err


def test_a_job_that_may_not_ask_is_told_what_to_write(job: dict[str, str]) -> None:
    done = run([sys.executable, "ci/id_token.py", "my cluster"], {}, fails=True)
    assert (done.code, done.out) == (1, "")
    assert "permissions: {id-token: write}" in done.err
    refused = run([sys.executable, "ci/id_token.py", "another"], job, fails=True)
    assert refused.err == "No OIDC token for another: HTTP Error 401: Unauthorized\n"
