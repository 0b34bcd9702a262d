"""The process in which the resources of this program wait: how it hears of Ctrl-C, and how it ends.

The engine starts it with the SDK's provider for resources in Python (pulumi/dynamic/__main__.py) as its main module.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import Any, Final

__all__ = ["cancel", "end_quickly", "hear", "interruption"]

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


def end_quickly() -> None:
    """From here on the process ends at once when the engine is done with it.

    Python takes each module apart first, of which the Kubernetes client has a thousand: the engine would wait for that,
    and on a busy machine for so long that it takes the other plugins' end for a crash.
    """
    if _servicer() is not None:
        atexit.register(os._exit, 0)


def _servicer() -> Any:
    """The SDK's class; None in any other process."""
    return getattr(sys.modules["__main__"], "DynamicResourceProviderServicer", None)


def cancel(_self: object, request: object, context: object) -> object:
    """Such a method's body. It runs among another module's names, so it imports what it uses."""
    import importlib

    from google.protobuf.empty_pb2 import Empty

    importlib.import_module("components.interrupt").hear()
    return Empty()


def hear() -> None:
    """What ``interruption`` waits for has happened."""
    _heard.set()
