"""The process in which the resources of this program wait: how it hears of Ctrl-C, how it refuses, and how it ends.

The engine starts it with the SDK's provider for resources in Python (pulumi/dynamic/__main__.py) as its main module.
The program's own process, in which hooks wait, is told nothing: it leaves a file, which the provider takes away.
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
    """Set once the user has pressed Ctrl-C.

    The engine then calls ``Cancel`` of each provider and waits for what it has begun. The SDK's provider does nothing
    in ``Cancel`` and has no place to say otherwise: its method, which gRPC holds on to, gets another body.
    """
    servicer = _servicer()
    if servicer is not None:
        servicer.Cancel.__code__ = cancel.__code__
    return _heard


@contextmanager
def interruption_of_a_hook() -> Generator[threading.Event]:
    """The same in the program's process, while the block runs."""
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
    """Set once a file is no longer there."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def is_set(self) -> bool:
        return not self._file.exists()


def end_quickly() -> None:
    """From here on the process ends at once when the engine is done with it.

    Python takes each module apart first, of which the Kubernetes client has a thousand: the engine would wait for that,
    and on a busy machine for so long that it takes the other plugins' end for a crash.
    """
    if _servicer() is not None:
        atexit.register(os._exit, 0)


def in_own_words(method: Callable[P, R]) -> Callable[P, R]:
    """A provider's method whose errors the user reads as they were written.

    Else gRPC puts "Exception calling application: " before each. What it has for that is the context of the call, which
    the SDK keeps to itself: it is found where the SDK called from.
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
    """Of the call that the SDK's provider answers; None in any other process."""
    servicer = _servicer()
    frame: FrameType | None = sys._getframe() if servicer else None  # pyright: ignore[reportPrivateUsage]
    while frame is not None and not isinstance(frame.f_locals.get("self"), servicer):
        frame = frame.f_back
    return frame.f_locals.get("context") if frame else None


def _servicer() -> Any:
    """The SDK's class; None in any other process."""
    return getattr(sys.modules["__main__"], "DynamicResourceProviderServicer", None)


def cancel(_self: object, request: object, context: object) -> object:
    """Such a method's body. It runs among another module's names, so it imports what it uses."""
    import importlib

    from google.protobuf.empty_pb2 import Empty

    importlib.import_module("wideep_cluster.cancellation").hear()
    return Empty()


def hear() -> None:
    """What ``interruption`` waits for has happened."""
    _heard.set()
    file = _waits()
    if file is not None:
        file.unlink(missing_ok=True)


def _waits() -> Path | None:
    """The file of a hook that waits, by the engine's address, which it gives to the program and to each provider. None
    where there is no engine, or where the user has no folder that only they can write to."""
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
