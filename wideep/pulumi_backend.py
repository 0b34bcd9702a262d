"""The state that Pulumi keeps in a folder of this machine: where that is, and whether its disk has room for an update.

Source: ``pkg/backend/diy/backend.go`` and ``sdk/go/common/workspace/creds.go`` of Pulumi v3.259.0.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

__all__ = ["backend_url", "lack_of_room", "pulumi_home", "state_folder"]

ROOM_MB: Final = 16
"""Four files of up to 4 MB, twenty times the state of a stack that is up: the new state beside the old one, the one
before, and at the end two copies, in ``history`` and ``backups``."""


def pulumi_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the CLI keeps what is of no project."""
    return Path(environ.get("PULUMI_HOME") or _user_home() / ".pulumi")


def _user_home() -> Path:
    """The home folder as the CLI has it: that of the user's account (Go's ``user.Current``), whatever HOME says, as in
    a job of GitHub's in a container. HOME where the user has no account."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path.home()


def backend_url(project_url: str | None = None, environ: Mapping[str, str] = os.environ) -> str | None:
    """Where the state is; ``project_url`` is what a Pulumi.yaml says. None: nobody has logged in.

    Raises:
        OSError, ValueError: the CLI's credentials cannot be read.
    """
    return environ.get("PULUMI_BACKEND_URL") or project_url or _logged_in(pulumi_home(environ))


def _logged_in(home: Path) -> str | None:
    try:
        content: object = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    current = cast(Mapping[str, object], content).get("current") if isinstance(content, dict) else None
    return current if isinstance(current, str) else None


def state_folder(url: str | None) -> Path | None:
    """The folder that holds ``.pulumi``; None for a state that is elsewhere."""
    parts = urlsplit(url or "")
    if parts.scheme != "file":
        return None
    path = parts.netloc + parts.path
    return _user_home() / path[1:].lstrip("/") if path.startswith("~") else Path(path)


def lack_of_room(folder: Path) -> str | None:
    """What is said of a folder on whose disk an update would end with a state that nobody can read: the engine writes
    it in place after each step, and what a full disk has cut short stays. None: there is room."""
    free = shutil.disk_usage(folder).free / 1e6 if folder.is_dir() else ROOM_MB
    if free >= ROOM_MB:
        return None
    return (
        f"The disk of Pulumi's state is full: {folder} has {free:.1f} MB left, and an update needs {ROOM_MB} MB (the "
        "state, the one before it and two copies, of up to 4 MB each)."
    )
