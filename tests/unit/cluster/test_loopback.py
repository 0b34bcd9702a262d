"""A request to a forwarded port goes to that port, and to no proxy; and there is one way to make it."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.conftest import ROOT
from wideep_cluster.loopback import open_port

ROOMS = ("wideep", "wideep_cluster", "components", "wideep_cli", "ci")
ELSEWHERE = {
    "wideep_cluster/loopback.py": "the way",
    "wideep_cluster/http.py": "registries and chart repositories, through the user's proxy",
    "ci/id_token.py": "the job's token service",
    "ci/review/forge.py": "GitHub and GitLab, through the user's proxy",
}
"""The modules that make requests by themselves, and to whom."""
CLIENTS = ("urllib.request", "http.client", "requests", "httpx", "aiohttp", "urllib3")


class Answers(HTTPServer):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Answers)
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


@pytest.fixture
def servers() -> Iterator[tuple[Answers, Answers]]:
    """The port that is forwarded, and a proxy."""
    both = Answers(), Answers()
    for server in both:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield both
    for server in both:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy_sees_it(servers: tuple[Answers, Answers], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    port, proxy = servers
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with open_port(port.server_port, "/v1/models", 5) as answer:
        assert answer.read() == b"here"
    assert (port.asked, proxy.asked) == (["/v1/models"], [])


def test_nobody_makes_requests_in_another_way() -> None:
    """`urllib` and `requests` obey http_proxy for loopback as well."""
    found = {
        file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if any(client in CLIENTS for client in _called(ast.parse(file.read_text())))
    }
    assert found == ELSEWHERE.keys()


def _called(tree: ast.Module) -> Iterator[str]:
    """The modules of which something other than a type of answer or error is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "urllib":
            yield from (f"urllib.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and any(
            not name.name.endswith(("Error", "Exception", "HTTPResponse")) for name in node.names
        ):
            yield node.module or ""
