"""HTTP requests from this machine, for what the stack needs outside the cluster. The environment configures proxies."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import IO, Final
from urllib.parse import urlsplit

__all__ = ["Answer", "WebError", "request"]

SECONDS: Final = 8
LARGEST: Final = 64 * 2**20
"""Maximum number of bytes that are read of an answer: chart indexes have megabytes."""


class WebError(Exception):
    """There is no answer; the text says why, in a few words."""


@dataclass(frozen=True)
class Answer:
    """An answer with any status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Redirects(urllib.request.HTTPRedirectHandler):
    """A redirect handler that sends credentials only to the original host."""

    def redirect_request(  # noqa: PLR0913, PLR0917 - the base's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        again = super().redirect_request(req, fp, code, msg, headers, newurl)  # pyright: ignore[reportArgumentType]
        if again and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            again.remove_header("Authorization")
        return again


def request(url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer to a GET.

    Raises:
        WebError: there is none.
    """
    asked = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - https or loopback
    opener = urllib.request.build_opener(_Redirects())
    try:
        with opener.open(asked, timeout=SECONDS) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read(LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read(LARGEST))
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise WebError(str(getattr(reason, "strerror", None) or reason or type(error).__name__)) from error


def _lower(headers: Message) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
