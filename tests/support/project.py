"""The project in a folder of its own, where Pulumi may write into the stack files."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_project(folder: Path) -> Path:
    """The stack files copied, all else linked."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in ROOT.iterdir():
        if entry.match("Pulumi*.yaml"):
            shutil.copy(entry, folder)
        elif entry.name != ".git":
            os.symlink(entry, folder / entry.name)
    return folder
