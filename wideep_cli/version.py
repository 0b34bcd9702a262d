"""The output of ``wideep --version``."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import typer

from wideep.dynamo.releases import ROWS, newest, newest_tried
from wideep_cli.git import GitError, ask_git

__all__ = ["print_version"]

ROOT = Path(__file__).parents[1]
NAME = "dynamo-wideep"
SECONDS = 5


def print_version() -> None:
    """Print the version, the commit of the checkout if there is one, and the range of known Dynamo releases."""
    known = f"Dynamo {ROWS[0].version} to {newest().version} (newest tried: {newest_tried().version})"
    typer.echo(f"{NAME} {version(NAME)}{_commit(ROOT)}\n{known}")


def _commit(folder: Path) -> str:
    """Return the part that names the commit; empty without git, or if the folder is not itself a git checkout."""
    if not (folder / ".git").exists():
        return ""
    try:
        said = ask_git(folder, "describe", "--always", "--dirty", "--exclude=*", seconds=SECONDS)
    except GitError:
        return ""
    return f", commit {said.stdout.decode().strip()}" if said.returncode == 0 else ""
