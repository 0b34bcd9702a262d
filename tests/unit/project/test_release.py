"""A release: its tag is its version, its lock files are all asked about, and hooks run what `make check` runs."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.support.process import Said, run

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def tagged(folder: Path, tag: str, changelog: str) -> Said:
    """What the workflow is told of a tag, in a copy with that changelog."""
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "tagged.sh", folder / "scripts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "CHANGELOG.md").write_text(changelog)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return run("sh", "scripts/tagged.sh", tag, cwd=folder, fails=None)


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        (f"v{VERSION}", f"# Changelog\n\n## {VERSION}\n", ""),
        (f"v{VERSION}", "# Changelog\n\n## Unreleased\n", f'CHANGELOG.md: no heading "## {VERSION}".'),
        ("v9.9.9", f"## {VERSION}\n", f"tag v9.9.9: pyproject.toml has version {VERSION}."),
    ],
)
def test_a_tag_that_is_not_the_version_or_has_no_changelog_is_refused(
    tmp_path: Path, tag: str, changelog: str, said: str
) -> None:
    done = tagged(tmp_path, tag, changelog)

    assert (done.code, done.err.startswith(said)) == (1 if said else 0, True), done.err


def test_every_lock_file_is_asked_about() -> None:
    asked = {str(ROOT / file) for file in run("sh", "scripts/locks.sh").out.split()}
    for script in ("audit", "sbom"):
        assert "in $(sh scripts/locks.sh); do" in (ROOT / "scripts" / f"{script}.sh").read_text()
    locks = {str(file) for file in ROOT.glob("**/*requirements*.txt") if ".venv" not in str(file)}
    locks |= {str(file) for file in (ROOT / "requirements").glob("*.txt")}
    assert asked == {lock for lock in locks if "/build/" not in lock}


def test_an_audit_that_cannot_ask_fails_and_says_for_which_lock(tmp_path: Path) -> None:
    """pip-audit itself ends well when nothing could be asked, unless --strict is given."""
    assert "--strict" in (ROOT / "scripts" / "audit.sh").read_text()
    (tmp_path / "scripts").mkdir()
    for script in ("audit", "locks"):
        shutil.copy(ROOT / "scripts" / f"{script}.sh", tmp_path / "scripts")
    (tmp_path / "requirements.txt").touch()
    bin_folder = tmp_path / ".venv-release" / "bin"
    bin_folder.mkdir(parents=True)
    audit = bin_folder / "pip-audit"
    audit.write_text("#!/bin/sh\nexit 1\n")
    os.chmod(audit, 0o755)  # noqa: S103 - a program

    done = run("sh", "scripts/audit.sh", cwd=tmp_path, fails=True)

    assert done.code == 1
    assert "make audit: not clean, or not answered: requirements.txt" in done.err


def test_hooks_run_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = {hook["id"]: hook["entry"] for hook in hooks}
    script = (ROOT / "scripts" / "check.sh").read_text()

    assert commands["check"] == "sh scripts/check.sh"
    assert all(f"{command}" in script for name, command in commands.items() if name != "check")
