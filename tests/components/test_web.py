"""Requests of the program's own: to whom credentials go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.loopback import Request, listening
from wideep_cluster.http import request

TOKEN = {"Authorization": "Bearer synthetic"}


def _sent_on(request: Request) -> None:
    """Send ``/to/PLACE`` on to PLACE, and answer all else with the credentials that came."""
    _, _, place = request.path.partition("/to/")
    headers = {"Location": place} if place else {}
    request.answer(302 if place else 200, request.headers.get("Authorization", "none").encode(), **headers)


@pytest.fixture
def host() -> Iterator[int]:
    with listening(GET=_sent_on) as port:
        yield port


def test_credentials_stay_with_their_host(host: int) -> None:
    same = request(f"http://127.0.0.1:{host}/to//here", headers=TOKEN)
    other = request(f"http://127.0.0.1:{host}/to/http://localhost:{host}/here", headers=TOKEN)

    assert same.body == b"Bearer synthetic"
    assert other.body == b"none"
