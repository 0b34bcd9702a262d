"""Limited reading of a file that a stack's config names, which may be any path on the machine."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Final

__all__ = ["MOST_BYTES", "is_file", "is_there", "read_named"]

MOST_BYTES: Final = 16_000_000
"""Default size limit; the largest config.json of a model is about 100 kB."""


def read_named(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Return the text of a regular file of at most ``most_bytes`` bytes. Devices and pipes are refused because reading
    them might never end.

    Raises OSError with the reason as its ``strerror``, and UnicodeDecodeError if the content is not UTF-8.
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
    """Tell whether a regular file is there; False for impossible names, for which ``Path.is_file`` raises."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Tell whether anything exists at the path, including a directory, a device or a dangling link."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
