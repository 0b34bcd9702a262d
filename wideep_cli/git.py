"""Asks git about a folder's repository: nothing but that, whatever the environment and the repository's config say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

from wideep_cli.errors import CallError

__all__ = ["OTHERWISE", "ask_git"]

SECONDS: Final = 60
OTHERWISE: Final = "use --diff A.yaml B.yaml"
_OF_A_REPOSITORY: Final = re.compile(
    r"GIT_(ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|CONFIG(_COUNT|_PARAMETERS)?|DIR|GRAFT_FILE|IMPLICIT_WORK_TREE|INDEX_FILE"
    r"|INTERNAL_SUPER_PREFIX|NAMESPACE|NO_REPLACE_OBJECTS|OBJECT_DIRECTORY|PREFIX|REPLACE_REF_BASE|SHALLOW_FILE|WORK_TREE)"
)
"""Variables that name a repository in place of the folder's, as they are set in git's hooks."""
_STILL: Final = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""Nothing is fetched, not even by a partial clone, and nothing is written."""


def ask_git(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder. It starts no program that the repository's config names (``core.fsmonitor``).

    Raises:
        CallError: there is no git, or it does not end.
    """
    own = {name: value for name, value in os.environ.items() if not _OF_A_REPOSITORY.fullmatch(name)}
    command = ["git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(folder), *args]
    try:
        return subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, env={**own, **_STILL})
    except FileNotFoundError as error:
        raise CallError("--since asks git, which is not installed.", f"Install it, or {OTHERWISE}.") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = f"did not answer in {SECONDS} s" if isinstance(error, subprocess.TimeoutExpired) else "does not start"
        raise CallError(f"--since asks git, which {reason}.", f"Instead {OTHERWISE}.") from error
