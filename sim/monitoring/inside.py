"""Runs Prometheus and the stand-in exporter in Dynamo's network; both end when standard input closes.

    python -m sim.monitoring.inside DOOR PORT FOLDER EXPORTER_PORT PROMETHEUS [ARGUMENTS]

DOOR is the Unix socket that leads to Prometheus' PORT. The exporter serves each file of FOLDER under its name. SIGHUP
makes Prometheus reload its configuration.
"""

import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sim.serving.door import open_door

TYPE = "text/plain; version=0.0.4"


class Exporter(ThreadingHTTPServer):
    """Serves the files of one folder, and nothing below or beside it."""

    daemon_threads = True

    def __init__(self, port: int, folder: Path) -> None:
        self.folder = folder
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Exporter)  # noqa: S101 - only `Exporter` creates handlers
        file = self.server.folder / Path(self.path).name
        try:
            body = file.read_bytes()
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: one line per scrape would be noise."""


def main() -> int:
    door, port, folder, exporter_port, *command = sys.argv[1:]
    exporter = Exporter(int(exporter_port), Path(folder))
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    open_door(Path(door), int(port))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as prometheus:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda got, _: prometheus.send_signal(got))
        threading.Thread(target=_end_with_parent, args=(prometheus,), daemon=True).start()
        return prometheus.wait()


def _end_with_parent(prometheus: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        continue
    prometheus.kill()


if __name__ == "__main__":
    sys.exit(main())
