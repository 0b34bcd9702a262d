"""How the process of the dynamic providers learns of Ctrl-C, reports errors, and ends.

The engine starts this process with the SDK's provider for dynamic resources (pulumi/dynamic/__main__.py) as its main
module. The engine does not tell the program's own process, in which hooks wait, about Ctrl-C. So a hook leaves a file
there, and the provider process deletes it.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar

import grpc

__all__ = ["cancel", "end_quickly", "hear", "in_own_words", "interruption", "interruption_of_a_hook"]

P = ParamSpec("P")
R = TypeVar("R")

_heard: Final = threading.Event()


def interruption() -> threading.Event:
    """Return an event that is set once the user has pressed Ctrl-C.

    The engine then calls ``Cancel`` of each provider and waits until running operations end. The SDK's provider does
    nothing in ``Cancel`` and offers no way to override it. gRPC holds a reference to the method, so its code is
    replaced.
    """
    servicer = _servicer()
    if servicer is not None:
        servicer.Cancel.__code__ = cancel.__code__
    return _heard


@contextmanager
def interruption_of_a_hook() -> Generator[threading.Event]:
    """Yield such an event for a hook in the program's process, valid while the block runs."""
    file = _waits()
    if file is None:
        yield _heard
        return
    file.touch()
    try:
        yield _Gone(file)
    finally:
        file.unlink(missing_ok=True)


class _Gone(threading.Event):
    """An event that is set once a file no longer exists."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def is_set(self) -> bool:
        return not self._file.exists()


def end_quickly() -> None:
    """Make the process exit at once when the engine is done with it.

    By default Python first tears down all modules, and the Kubernetes client alone has a thousand. The engine would
    wait for that, and on a busy machine for so long that it takes the exit of other plugins for a crash.
    """
    if _servicer() is not None:
        atexit.register(os._exit, 0)


def in_own_words(method: Callable[P, R]) -> Callable[P, R]:
    """Wrap a provider's method so that its errors reach the user unchanged.

    Otherwise gRPC puts "Exception calling application: " before each. Avoiding that needs the context of the gRPC call,
    which the SDK does not pass on; it is looked up in the SDK's stack frame.
    """

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            context = _context()
            if context is not None:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise

    return call


def _context() -> Any:
    """Return the context of the gRPC call that the SDK's provider is serving; None in any other process."""
    servicer = _servicer()
    frame: FrameType | None = sys._getframe() if servicer else None  # pyright: ignore[reportPrivateUsage]
    while frame is not None and not isinstance(frame.f_locals.get("self"), servicer):
        frame = frame.f_back
    return frame.f_locals.get("context") if frame else None


def _servicer() -> Any:
    """Return the SDK's servicer class; None in any other process."""
    return getattr(sys.modules["__main__"], "DynamicResourceProviderServicer", None)


def cancel(_self: object, request: object, context: object) -> object:
    """Serve as the body of ``Cancel``. It runs with the globals of another module, so it imports what it uses."""
    import importlib

    from google.protobuf.empty_pb2 import Empty

    importlib.import_module("wideep_cluster.cancellation").hear()
    return Empty()


def hear() -> None:
    """Set the event of ``interruption``, and delete the file of a waiting hook."""
    _heard.set()
    file = _waits()
    if file is not None:
        file.unlink(missing_ok=True)


def _waits() -> Path | None:
    """Return the file of a waiting hook, named after the engine's port, which both the program and each provider know.
    None if there is no engine, or if the user's folder is writable by others."""
    given = sys.orig_argv
    engine = given[given.index("--engine") + 1] if "--engine" in given[:-1] else given[-1]
    host, _, port = engine.rpartition(":")
    if not host or not port.isdigit():
        return None
    folder = Path(tempfile.gettempdir()) / f"dynamo-wideep-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder / f"hook-waits-{port}" if own else None
