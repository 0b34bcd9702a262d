"""Requests to a forwarded port: never through a proxy, which ``http_proxy`` would make of any of them."""

from __future__ import annotations

import urllib.request
from http.client import HTTPResponse
from typing import Final, cast

__all__ = ["MOST_BYTES", "open_port"]

MOST_BYTES: Final = 64_000_000
"""Of one answer: what is forwarded is a pod, and may say anything."""


def open_port(port: int, path: str, seconds: float, **more: object) -> HTTPResponse:
    """The answer to a request on a port of this machine; ``more`` is what ``urllib.request.Request`` takes.

    Raises OSError where there is none, and HTTPError for one that is an error.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]  # noqa: S310
    return cast(HTTPResponse, direct.open(request, timeout=seconds))
