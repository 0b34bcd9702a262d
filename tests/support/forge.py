"""Stands for the comments of a pull request on GitHub, of a merge request on GitLab: their REST APIs, on loopback.

As documented: a list in pages (`per_page`, `page`), POST for a new comment, PATCH or PUT for one that is there, 401
without the token, 403 where the token may not.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

__all__ = ["Forge", "serve"]

LIST = re.compile(r"/repos/[^/]+/[^/]+/issues/\d+/comments|/projects/\d+/merge_requests/\d+/notes")
ONE = re.compile(r"(?:/repos/[^/]+/[^/]+/issues/comments|/projects/\d+/merge_requests/\d+/notes)/(\d+)")

OWN = "github-actions[bot]"


@dataclass
class Forge:
    """Its comments by number, and who may write them."""

    token: str
    url: str = ""
    may_write: bool = True
    comments: dict[int, str] = field(default_factory=dict[int, str])
    authors: dict[int, str] = field(default_factory=dict[int, str])
    """Whose a comment is; those that are not here are the job's own."""
    says_whose_token: bool = False
    """A workflow's own token may not ask who it is; that of a person or a bot may."""

    def author(self, number: int) -> dict[str, str]:
        """As both APIs have it."""
        name = self.authors.get(number, OWN)
        return {"login": name, "username": name}

    def lines(self) -> Iterator[str]:
        """The first line of each comment."""
        return (body.partition("\n")[0] for body in self.comments.values())


@contextmanager
def serve(token: str) -> Iterator[Forge]:
    """A forge on a free port of loopback."""
    forge = Forge(token)

    class Handler(_Handler):
        state = forge

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Forge

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/user":
            gitlab = self.headers.get("PRIVATE-TOKEN") is not None
            return self._answer(200 if gitlab or self.state.says_whose_token else 403, {"login": OWN, "username": OWN})
        if self._refused() or not LIST.fullmatch(parts.path):
            return self._answer(self._refused() or 404, {})
        query = parse_qs(parts.query)
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        listed = [
            {"id": number, "body": body, "user": self.state.author(number), "author": self.state.author(number)}
            for number, body in self.state.comments.items()
        ]
        return self._answer(200, listed[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        code = self._refused() or (404 if not LIST.fullmatch(self.path) else 0 if self.state.may_write else 403)
        body = self._body()
        if code:
            return self._answer(code, {})
        number = 1000 + len(self.state.comments)
        self.state.comments[number] = body
        return self._answer(201, {"id": number, "body": body})

    def do_PATCH(self) -> None:
        body, found = self._body(), ONE.fullmatch(self.path)
        code = self._refused() or (0 if self.state.may_write else 403)
        if code or found is None or int(found[1]) not in self.state.comments:
            return self._answer(code or 404, {})
        self.state.comments[int(found[1])] = body
        return self._answer(200, {"id": int(found[1]), "body": body})

    do_PUT = do_PATCH  # noqa: N815 - the name is the base class's

    def _refused(self) -> int:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("PRIVATE-TOKEN")
        return 0 if given == self.state.token else 401

    def _body(self) -> str:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

    def _answer(self, code: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""
