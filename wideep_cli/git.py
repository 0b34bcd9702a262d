"""Questions to git: of the repository of a folder, whatever the environment says, without a pager or a prompt."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["GitError", "ask_git"]

SECONDS: Final = 60
ELSEWHERE: Final = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    }
)
"""Variables that name another repository than the folder's: git sets them for its hooks."""
QUIET: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
}
"""No question, also where a partial clone has to fetch what is asked for, and nothing written to the index."""


class GitError(Exception):
    """Git gave no answer; the text says why."""


def ask_git(folder: Path, *args: str, seconds: float = SECONDS) -> bytes | None:
    """Return what git prints in a folder; None where it does not know what is asked for.

    Raises:
        GitError: git is not installed, or took longer than ``seconds``.
    """
    env = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | QUIET
    try:
        ran = subprocess.run(
            ["git", "--no-pager", "-C", str(folder), *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=env,
            start_new_session=True,  # without a terminal, of which ssh would ask for a passphrase
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git has not answered within {seconds:g} s") from error
    except OSError as error:
        raise GitError(f"git cannot be run ({error.strerror})") from error
    return ran.stdout if ran.returncode == 0 else None
