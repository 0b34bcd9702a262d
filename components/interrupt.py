"""Ctrl-C while a resource of this program waits."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

__all__ = ["cancel", "hear", "interruption"]

_heard: Final = threading.Event()


def interruption() -> threading.Event:
    """Set once the user has pressed Ctrl-C.

    The engine then calls ``Cancel`` of each provider and waits for what it has begun. The SDK's provider for resources
    in Python does nothing in ``Cancel`` (pulumi/dynamic/__main__.py) and has no place to say otherwise: its method,
    which gRPC holds on to, gets another body.
    """
    servicer: Any = getattr(sys.modules["__main__"], "DynamicResourceProviderServicer", None)
    if servicer is not None:
        servicer.Cancel.__code__ = cancel.__code__
    return _heard


def cancel(_self: object, request: object, context: object) -> object:
    """Such a method's body. It runs among another module's names, so it imports what it uses."""
    import importlib

    from google.protobuf.empty_pb2 import Empty

    importlib.import_module("components.interrupt").hear()
    return Empty()


def hear() -> None:
    """What ``interruption`` waits for has happened."""
    _heard.set()
