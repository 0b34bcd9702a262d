"""File locks that let one process at a time work. The kernel releases a lock when its process ends, however it ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, busy: Callable[[], object]) -> Iterator[None]:
    """Hold the file's lock. If another process holds it, call `busy`, and wait for the lock unless `busy` raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
