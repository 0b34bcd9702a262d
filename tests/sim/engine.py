"""SGLang's own HTTP server in a worker, as far as recording goes. Dynamo 0.6.0's worker has none, other images do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from sim.kubectl_exec.python3 import folders
from tests.sim.pulumi import Pulumi

PORT = 30000


class Handler(BaseHTTPRequestHandler):
    """Starts, stops and dumps a record."""

    def do_POST(self) -> None:
        server: Server = self.server  # pyright: ignore[reportAssignmentType]
        server.asked.append(self.path)
        if self.path.startswith("/dump"):
            server.dump()
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Server(HTTPServer):
    """Of one pod. ``counts`` are by forward pass, layer and expert."""

    def __init__(self, stack: Pulumi, namespace: str, pod: str, counts: list[list[list[int]]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folders(stack.cluster.directory, namespace, pod)[1]
        self.counts = counts
        self.asked: list[str] = []

    def dump(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "expert_distribution_recorder_1700000000.5.pt"
        file.write_text(json.dumps({"rank": 0, "logical_count": self.counts}))


@contextmanager
def serving(stack: Pulumi, namespace: str, pod: str, counts: list[list[list[int]]]) -> Iterator[Server]:
    """The server, at the pod's port."""
    with Server(stack, namespace, pod, counts) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        file = stack.cluster.pods_dir / namespace / f"{pod}.json"
        before = file.read_text()
        known = json.loads(before)
        known["forwards"][str(PORT)] = f"127.0.0.1:{server.server_address[1]}"
        file.write_text(json.dumps(known))
        yield server
        file.write_text(before)
        server.shutdown()
