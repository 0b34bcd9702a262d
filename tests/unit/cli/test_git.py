"""Git is asked of the folder's own repository, whatever the environment says, and it never waits for a person."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.repository import Repository
from wideep_cli.git import GitError, ask_git
from wideep_cli.main import app


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "file").write_text("text\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        Repository(folder).git(*command)
    return folder


def instead(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Let git be a shell script."""
    git = folder / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\n{script}\n")
    git.chmod(git.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{git.parent}:{os.environ['PATH']}")


def test_git_answers_or_does_not_know(repository: Path) -> None:
    assert ask_git(repository, "show", "HEAD:file").stdout == b"text\n"
    assert ask_git(repository, "show", "HEAD:other").returncode
    assert ask_git(repository / "nowhere", "status").returncode


def test_the_folders_repository_is_asked_also_within_a_hook_of_another(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    described, own = (
        ask_git(repository, *words).stdout
        for words in (["describe", "--always", "--dirty"], ["rev-parse", "--short", "HEAD"])
    )
    assert described == own != b""


def test_git_has_no_terminal_no_pager_and_nobody_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    session = f"{sys.executable} -c 'import os; print(os.getsid(0) == os.getppid())'"
    instead(monkeypatch, tmp_path, f"echo $*\nread line; echo $?\n{session}\nenv")

    said = ask_git(tmp_path, "show").stdout.decode().splitlines()

    assert said[0].split()[0] == "--no-pager"
    assert said[1:3] == ["1", "True"], "nothing to read, and a session of its own, without the terminal"
    assert {"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", "GIT_OPTIONAL_LOCKS=0"} <= set(said)
    assert "GIT_CONFIG_COUNT=0" not in said, "another repository's config, as in its hooks"


def test_a_git_that_hangs_or_is_missing_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, tmp_path, "exec sleep 60")
    with pytest.raises(GitError, match=r"git has not answered within 0\.2 s"):
        ask_git(tmp_path, "show", seconds=0.2)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed"):
        ask_git(tmp_path, "show")


def test_without_git_there_is_a_version_and_no_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    version, since = (
        CliRunner().invoke(app, words)
        for words in (["--version"], ["plan", "--file", "Pulumi.sim.yaml", "--since", "main"])
    )

    assert version.exit_code == 0
    assert ", commit" not in version.stdout
    assert (since.exit_code, since.stdout) == (2, "")
    assert "--since: git is not installed." in since.stderr
