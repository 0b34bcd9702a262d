"""A request to a forwarded port goes to that port, and to no proxy; and there is one way to make it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.support.site import serving
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


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy_sees_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with serving() as forwarded, serving() as proxy:
        forwarded.says("/v1/models", 200, "here")
        monkeypatch.setenv(name, f"http://{proxy.address}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with open_port(int(forwarded.address.rpartition(":")[2]), "/v1/models", 5) as answer:
            assert answer.read() == b"here"
        assert ([path for path, _ in forwarded.asked], proxy.asked) == (["/v1/models"], [])


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
