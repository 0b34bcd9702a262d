"""Pulumi's state in a folder of this machine: its location, and whether its disk has room for an update.

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
"""Free space that an update needs, in MB: four files of up to 4 MB, which is twenty times the state of a deployed
stack. They are the new state next to the old one, the previous one, and at the end two copies, in ``history`` and
``backups``."""


def pulumi_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder where the CLI keeps files that belong to no project."""
    return Path(environ.get("PULUMI_HOME") or _user_home() / ".pulumi")


def _user_home() -> Path:
    """Return the home folder as the CLI sees it: that of the user's account (Go's ``user.Current``), regardless of
    HOME, which differs in a container job on GitHub. Return HOME if the user has no account."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path.home()


def backend_url(project_url: str | None = None, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the URL of the state's backend, or None if nobody has logged in. ``project_url`` is the backend of a
    Pulumi.yaml.

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
    """Return the folder that contains ``.pulumi``; None if the state is not in a local folder."""
    parts = urlsplit(url or "")
    if parts.scheme != "file":
        return None
    path = parts.netloc + parts.path
    return _user_home() / path[1:].lstrip("/") if path.startswith("~") else Path(path)


def lack_of_room(folder: Path) -> str | None:
    """Return a message if the folder's disk has too little room for an update, else None. The engine overwrites the
    state in place after each step, so a full disk leaves it truncated and unreadable."""
    free = shutil.disk_usage(folder).free / 1e6 if folder.is_dir() else ROOM_MB
    if free >= ROOM_MB:
        return None
    return (
        f"The disk of Pulumi's state is full: {folder} has {free:.1f} MB left, and an update needs {ROOM_MB} MB (the "
        "state, the one before it and two copies, of up to 4 MB each)."
    )
