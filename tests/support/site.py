"""A web server on loopback that gives a test's answers: a hub, a registry, a chart repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.support.loopback import Request, listening

__all__ = ["Site", "serving"]


@dataclass
class Site:
    """Answers by path: a status, headers and a body. Other paths get 404."""

    address: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)

    def says(self, path: str, status: int, body: object = "", **headers: str) -> None:
        """Set the answer for a path: bytes and text unchanged, anything else as JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        data = text.encode() if isinstance(text, str) else text
        self.answers[path] = (status, headers, data)

    def answer(self, request: Request) -> None:
        """Answer a request; one with a token gets the answer for ``PATH+token`` if there is one."""
        path, _, query = request.path.partition("?")
        self.queries.append(parse_qs(query))
        token = request.headers.get("Authorization")
        self.asked.append((path, token))
        found = self.answers.get(f"{path}+token") if token else None
        status, headers, body = found or self.answers.get(path, (404, {}, b""))
        request.answer(status, body, **headers)


@contextmanager
def serving() -> Iterator[Site]:
    """Yield a server on loopback."""
    site = Site()
    with listening(GET=site.answer, HEAD=site.answer) as port:
        site.address = f"127.0.0.1:{port}"
        yield site
