"""Stand-in for the REST APIs for comments of a GitHub pull request or a GitLab merge request, on loopback.

It follows the documentation: paged lists (`per_page`, `page`), POST for a new comment, PATCH or PUT for an existing
one, 401 without the token, 403 if the token lacks the right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.support.loopback import Request, listening

__all__ = ["Forge", "serve"]

LIST = re.compile(r"/repos/[^/]+/[^/]+/issues/\d+/comments|/projects/\d+/merge_requests/\d+/notes")
ONE = re.compile(r"(?:/repos/[^/]+/[^/]+/issues/comments|/projects/\d+/merge_requests/\d+/notes)/(\d+)")

OWN = "github-actions[bot]"


@dataclass
class Forge:
    """The comments by number, and who may write them."""

    token: str
    url: str = ""
    may_write: bool = True
    comments: dict[int, str] = field(default_factory=dict[int, str])
    authors: dict[int, str] = field(default_factory=dict[int, str])
    """Author of a comment by its number; comments that are not listed are the job's own."""
    says_whose_token: bool = False
    """Whether the token may ask for its own user: a workflow's token may not, that of a person or a bot may."""

    def author(self, number: int) -> dict[str, str]:
        """Return a comment's author in the format of both APIs."""
        name = self.authors.get(number, OWN)
        return {"login": name, "username": name}

    def lines(self) -> Iterator[str]:
        """Yield the first line of each comment."""
        return (body.partition("\n")[0] for body in self.comments.values())

    def listed(self, request: Request) -> None:
        """Answer a GET request."""
        parts = urlsplit(request.path)
        if parts.path == "/user":
            gitlab = request.headers.get("PRIVATE-TOKEN") is not None
            return request.answer(200 if gitlab or self.says_whose_token else 403, {"login": OWN, "username": OWN})
        if self._refused(request) or not LIST.fullmatch(parts.path):
            return request.answer(self._refused(request) or 404, {})
        query = parse_qs(parts.query)
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        listed = [
            {"id": number, "body": body, "user": self.author(number), "author": self.author(number)}
            for number, body in self.comments.items()
        ]
        return request.answer(200, listed[(page - 1) * size : page * size])

    def new(self, request: Request) -> None:
        """Answer a POST request."""
        code = self._refused(request) or (404 if not LIST.fullmatch(request.path) else 0 if self.may_write else 403)
        body = _written(request)
        if code:
            return request.answer(code, {})
        number = 1000 + len(self.comments)
        self.comments[number] = body
        return request.answer(201, {"id": number, "body": body})

    def changed(self, request: Request) -> None:
        """Answer a PATCH or PUT request."""
        body, found = _written(request), ONE.fullmatch(request.path)
        code = self._refused(request) or (0 if self.may_write else 403)
        if code or found is None or int(found[1]) not in self.comments:
            return request.answer(code or 404, {})
        self.comments[int(found[1])] = body
        return request.answer(200, {"id": int(found[1]), "body": body})

    def _refused(self, request: Request) -> int:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get("PRIVATE-TOKEN")
        return 0 if given == self.token else 401


def _written(request: Request) -> str:
    return json.loads(request.body())["body"]


@contextmanager
def serve(token: str) -> Iterator[Forge]:
    """Yield a forge on a free loopback port."""
    forge = Forge(token)
    with listening(GET=forge.listed, POST=forge.new, PATCH=forge.changed, PUT=forge.changed) as port:
        forge.url = f"http://127.0.0.1:{port}"
        yield forge
