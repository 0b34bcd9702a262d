"""The project in a folder of its own, where Pulumi may write into the stack files."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINKED = ("__main__.py", "components", "wideep", "sim", ".venv")


def copy_project(folder: Path) -> Path:
    """The stack files copied, the code linked."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, folder)
    for name in LINKED:
        if (ROOT / name).exists():
            os.symlink(ROOT / name, folder / name)
    return folder
