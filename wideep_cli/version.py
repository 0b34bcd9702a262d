"""What ``wideep --version`` prints."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import typer

from wideep.dynamo.releases import ROWS, newest, newest_tried

__all__ = ["print_version"]

ROOT = Path(__file__).parents[1]
NAME = "dynamo-wideep"


def print_version() -> None:
    """Print the version, the commit of a checkout, and the releases of Dynamo that it knows."""
    known = f"Dynamo {ROWS[0].version} to {newest().version} (newest tried: {newest_tried().version})"
    typer.echo(f"{NAME} {version(NAME)}{_commit(ROOT)}\n{known}")


def _commit(folder: Path) -> str:
    """Nothing where git is not installed, or the folder is no checkout of its own."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f", commit {said.stdout.strip()}" if said.returncode == 0 else ""
