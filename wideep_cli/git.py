"""Read-only git queries about a folder's repository, whatever the environment and the repository's config say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["GitError", "ask_git"]

SECONDS: Final = 60
_OF_A_REPOSITORY: Final = re.compile(
    r"GIT_(ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|CONFIG(_COUNT|_PARAMETERS)?|DIR|GRAFT_FILE|IMPLICIT_WORK_TREE|INDEX_FILE"
    r"|INTERNAL_SUPER_PREFIX|NAMESPACE|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|PREFIX|REPLACE_REF_BASE|SHALLOW_FILE|WORK_TREE)"
)
"""Variables that point git at another repository than the folder's, as they are set in git's hooks."""
_STILL: Final = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""Environment that keeps git from fetching (even in a partial clone), from prompting and from writing."""


class GitError(Exception):
    """Git did not start or did not finish in time; the message says why."""


def ask_git(folder: Path, *args: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, without starting any program that the repository's config names (``core.fsmonitor``).

    Raises:
        GitError: git is not installed or cannot be started, took longer than ``seconds``, or rejects an argument.
    """
    own = {name: value for name, value in os.environ.items() if not _OF_A_REPOSITORY.fullmatch(name)}
    command = ["git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(folder), *args]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=own | _STILL,
            start_new_session=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git has not answered within {seconds:g} s") from error
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    except OSError as error:
        raise GitError(f"git cannot be run ({error.strerror})") from error
    except ValueError as error:
        raise GitError(f"git does not accept such an argument ({error})") from error
