"""Requests to a forwarded local port that bypass proxies, which ``http_proxy`` would apply to every request."""

from __future__ import annotations

import urllib.request
from http.client import HTTPResponse
from typing import Final, cast

__all__ = ["MOST_BYTES", "open_port"]

MOST_BYTES: Final = 64_000_000
"""Maximum number of bytes of one answer: it comes from a pod, which may send anything."""


def open_port(port: int, path: str, seconds: float, **more: object) -> HTTPResponse:
    """Return the answer to a request to a local port; ``more`` are further arguments of ``urllib.request.Request``.

    Raise OSError if there is no answer, and HTTPError for an error response.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]  # noqa: S310
    return cast(HTTPResponse, direct.open(request, timeout=seconds))
