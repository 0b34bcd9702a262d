"""Requests of the program's own: to whom credentials go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from wideep_cluster.http import request

TOKEN = {"Authorization": "Bearer synthetic"}


class _Host(BaseHTTPRequestHandler):
    """Sends ``/to/PLACE`` on to PLACE, and answers all else with the credentials that came."""

    def do_GET(self) -> None:
        _, _, place = self.path.partition("/to/")
        self.send_response(302 if place else 200)
        if place:
            self.send_header("Location", place)
        self.end_headers()
        self.wfile.write(self.headers.get("Authorization", "none").encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def host() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_credentials_stay_with_their_host(host: int) -> None:
    same = request(f"http://127.0.0.1:{host}/to//here", headers=TOKEN)
    other = request(f"http://127.0.0.1:{host}/to/http://localhost:{host}/here", headers=TOKEN)

    assert same.body == b"Bearer synthetic"
    assert other.body == b"none"
