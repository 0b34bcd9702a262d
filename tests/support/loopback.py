"""An HTTP server on a free loopback port, for the duration of a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Request", "listening", "serving_files"]


class Request(BaseHTTPRequestHandler):
    """A request, and a way to answer it."""

    def body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, content: object = b"", **headers: str) -> None:
        """Send bytes unchanged, any other content as JSON. An underscore in a header's name becomes a dash."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def listening(**answers: Callable[[Request], None]) -> Iterator[int]:
    """Answer requests by method (``GET=…``), all others with 501; yield the port."""
    methods = {f"do_{name}": lambda request, told=told: told(request) for name, told in answers.items()}
    with _listening(type("Answers", (Request,), methods)) as port:
        yield port


@contextmanager
def serving_files(folder: Path | str) -> Iterator[str]:
    """Serve the files of a folder; yield the address."""
    quiet = type("Files", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with _listening(partial(quiet, directory=folder)) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _listening(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
