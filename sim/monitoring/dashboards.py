"""`python -m sim dashboards`: a page with the dashboards of the cluster's stacks and the data that Prometheus kept."""

from __future__ import annotations

import json
import math
import re
import socket
import time
import urllib.parse
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from sim.cluster.nodes import kubectl
from sim.monitoring.drawing import Board, Drawn, Line, page
from sim.state import Cluster, SimError

__all__ = ["write_page"]

LABEL: Final = "grafana_dashboard=1"
PROMETHEUS: Final = "operator.prometheus.io/name"
PORT: Final = "9090"
POINTS: Final = 180
RATE: Final = "1m"
"""Grafana's `$__rate_interval`: four scrape intervals, and at least a minute."""
_NAMED: Final = re.compile(r"\{\{(\w+)\}\}")


class _Door(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def write_page(cluster: Cluster, minutes: int, file: Path) -> list[str]:
    """Write the page; return the titles of its dashboards.

    Raises SimError if there is no dashboard, or no Prometheus that answers.
    """
    end = time.time()
    start = end - 60 * minutes
    boards: list[Board] = []
    for space, found in _dashboards(cluster):
        door = _prometheus(cluster, space)
        boards.append(Board(found["title"], tuple(_panel(door, each, start, end) for each in found["panels"])))
    if not boards:
        raise SimError("no stack here has dashboards: set monitoring: {enabled: true}, and run `pulumi up`")
    file.write_text(page(boards, start, end), encoding="utf-8")
    return [board.title for board in boards]


def _dashboards(cluster: Cluster) -> Iterator[tuple[str, Any]]:
    """Yield each dashboard with its namespace."""
    maps = json.loads(kubectl(cluster, "get", "configmaps", "-A", "-l", LABEL, "-o", "json"))["items"]
    for each in sorted(maps, key=lambda one: one["metadata"]["name"].rpartition("-")[2] != "serving"):
        for text in each["data"].values():
            yield each["metadata"]["namespace"], json.loads(text)


def _prometheus(cluster: Cluster, namespace: str) -> str:
    """Return the socket of the Prometheus in a namespace, else of one in another namespace."""
    pods = json.loads(kubectl(cluster, "get", "pods", "-A", "-l", PROMETHEUS, "-o", "json"))["items"]
    for pod in sorted(pods, key=lambda one: one["metadata"]["namespace"] != namespace):
        meta = pod["metadata"]
        known = cluster.pods_dir / meta["namespace"] / f"{meta['name']}.json"
        forwards: dict[str, str] = json.loads(known.read_text())["forwards"] if known.exists() else {}
        if PORT in forwards:
            return forwards[PORT]
    raise SimError("no Prometheus runs on this cluster; `python -m sim tools` says whether this machine has one")


def _panel(door: str, panel: Any, start: float, end: float) -> Drawn:
    lines = [line for target in panel["targets"] for line in _lines(door, target, start, end)]
    return Drawn(panel["title"], panel["description"], panel["fieldConfig"]["defaults"]["unit"], tuple(lines))


def _lines(door: str, target: Any, start: float, end: float) -> Iterator[Line]:
    asked = {
        "query": target["expr"].replace("$__rate_interval", RATE),
        "start": start,
        "end": end,
        "step": max(1, (end - start) / POINTS),
    }
    connection = _Door(door)
    try:
        connection.request("GET", f"/api/v1/query_range?{urllib.parse.urlencode(asked)}")
        said = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if said["status"] != "success":
        raise SimError(f"Prometheus refuses {asked['query']}: {said['error']}")
    for series in said["data"]["result"]:
        labels: dict[str, str] = series["metric"]
        name = _NAMED.sub(lambda found, of=labels: of.get(found[1], ""), target["legendFormat"])
        points = [(float(at), float(value)) for at, value in series["values"]]
        yield Line(name, tuple(point for point in points if math.isfinite(point[1])))
