"""The state on this machine: where it is, its room, and what `wideep doctor` says of one that is cut short."""

from __future__ import annotations

import json
import os
import pwd
import shlex
from pathlib import Path

import pytest

from wideep.pulumi_backend import backend_url, lack_of_room, pulumi_home, state_folder
from wideep_cli.doctor.finding import Verdict
from wideep_cli.doctor.state import state_findings

HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
STATE = ".pulumi/stacks/dynamo-wideep/dev.json"
KEPT = ".pulumi/history/dynamo-wideep/dev"
WHOLE = json.dumps({"version": 3, "checkpoint": {}})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the state is, and a stack's file beside it."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}?metadata=skip")
    (tmp_path / STATE).parent.mkdir(parents=True)
    (tmp_path / KEPT).mkdir(parents=True)
    return tmp_path


def test_the_environment_is_asked_first_then_the_project_then_the_login(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps({"current": "file:///login"}))
    home = {"PULUMI_HOME": str(tmp_path)}
    assert backend_url(None, home) == "file:///login"
    assert backend_url("file:///project", home) == "file:///project"
    assert backend_url("file:///project", home | {"PULUMI_BACKEND_URL": "file:///here"}) == "file:///here"
    assert backend_url(None, {"PULUMI_HOME": str(tmp_path / "none")}) is None


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file://~?metadata=skip", HOME),
        ("file://~/state", HOME / "state"),
        ("file:///var/state", Path("/var/state")),
        ("file://./state", Path("state")),
        ("https://api.pulumi.com", None),
        ("s3://bucket", None),
        (None, None),
    ],
)
def test_only_a_file_url_has_a_folder(url: str | None, folder: Path | None) -> None:
    assert state_folder(url) == folder


def test_the_home_is_the_users_own_as_the_cli_takes_it_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (pulumi_home({}), state_folder("file://~")) == (HOME / ".pulumi", HOME)


def test_a_disk_with_little_room_is_told_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lack_of_room(tmp_path) is None
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 1_500_000}))
    assert f"{tmp_path} has 1.5 MB left, and an update needs 16 MB" in str(lack_of_room(tmp_path))
    assert lack_of_room(tmp_path / "not made yet") is None


def test_a_state_that_can_be_read_holds(home: Path) -> None:
    (home / STATE).write_text(WHOLE)
    assert [found.verdict for found in state_findings(home / "Pulumi.dev.yaml")] == [Verdict.PASSED]


def test_a_stack_that_was_never_up_has_no_finding(home: Path) -> None:
    assert list(state_findings(home / "Pulumi.dev.yaml")) == []


def test_a_state_cut_short_comes_back_from_the_last_whole_one(home: Path) -> None:
    (home / STATE).write_text(WHOLE[:-1])
    for number, content in enumerate([WHOLE, WHOLE, ""]):
        (home / KEPT / f"dev-{number}.checkpoint.json").write_text(content)
    (found,) = state_findings(home / "Pulumi.dev.yaml")
    assert found.verdict is Verdict.FAILED
    assert found.fix[0] == f"cp {home / KEPT}/dev-1.checkpoint.json {home / STATE}"


def test_without_a_whole_one_the_stack_begins_anew(home: Path) -> None:
    (home / STATE).write_text("")
    (found,) = state_findings(home / "Pulumi.dev.yaml")
    assert found.fix[:2] == (f"rm {home / STATE}", "pulumi stack init dev")


def test_a_folder_whose_name_a_shell_would_read_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my state; id"
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}")
    for name in (STATE, f"{KEPT}/dev-1.checkpoint.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(WHOLE)
    (folder / STATE).write_text("")
    (found,) = state_findings(folder / "Pulumi.dev.yaml")
    assert shlex.split(found.fix[0]) == ["cp", str(folder / KEPT / "dev-1.checkpoint.json"), str(folder / STATE)]
