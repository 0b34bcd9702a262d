"""The project as a separate git repository with a main branch and pull requests, as a forge would check it out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.process import run

VENVS = (Path(".venv"), Path("policy") / ".venv")
WHO = {"GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.com"}
WHO |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in WHO.items()}


@dataclass(frozen=True)
class Repository:
    """A checkout."""

    folder: Path

    def git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self.folder, env=os.environ | WHO).out.strip()

    def commit(self, message: str, edits: Mapping[str, tuple[str, str]]) -> str:
        """Commit edits (by file path: the old text and the new text); return the commit."""
        for name, (old, new) in edits.items():
            file = self.folder / name
            text = file.read_text()
            assert old in text, f"{name} has no {old!r}"
            file.write_text(text.replace(old, new, 1))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def pull_request(self, name: str, base: str = "main") -> str:
        """Create a branch from ``base``; return the commit that it starts from."""
        self.git("checkout", "--quiet", "-B", name, base)
        return self.git("rev-parse", base)

    def merge(self, name: str) -> None:
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", name)


def make_repository(folder: Path) -> Repository:
    """Return a repository with this checkout's current files, linked virtual environments, and a `make setup` that does
    nothing.

    Skips the test if this is not a git checkout.
    """
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", fails=None)
    if listed.code:
        pytest.skip("this is no git checkout, so there is nothing to make a pull request of")
    for name in filter(None, listed.out.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    run("sh", "scripts/setup.sh", "policy", seconds=900)
    for venv in VENVS:
        os.symlink(ROOT / venv, folder / venv)
    (folder / "scripts" / "setup.sh").write_text("# The environments are links to another checkout's.\n")
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch", "main")
    (folder / ".git" / "info" / "exclude").write_text(".venv\n")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "The project")
    return repository
