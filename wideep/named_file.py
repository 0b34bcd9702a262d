"""A file that a stack's config names, read within limits: it may be any path of the machine."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Final

__all__ = ["MOST_BYTES", "is_file", "is_there", "read_named"]

MOST_BYTES: Final = 16_000_000
"""The largest config.json of a model is some 100 kB."""


def read_named(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The text of a regular file of at most so many bytes: a device or a pipe would never end.

    Raises OSError with the reason as its ``strerror``, and UnicodeDecodeError for what is no text in UTF-8.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    if found.st_size > most_bytes:
        raise OSError(errno.EFBIG, f"it has {found.st_size:,} bytes, and at most {most_bytes:,} are read", str(path))
    with path.open("rb") as file:
        return file.read(most_bytes).decode("utf-8")


def is_file(path: Path) -> bool:
    """True for a regular file. False for a name that no file can have, for which ``Path.is_file`` raises an error."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """True if anything has that name: a folder, a device, a link to nowhere."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
