"""The Prometheus of a stack on the simulated cluster, asked through a forwarded port, and requests for its figures."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sim.cluster import ports
from sim.kubelet.serving import free_port
from sim.state import Cluster
from tests.sim.graph import GRAPH, NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.support.process import env_on, wait_for

__all__ = ["Prometheus", "Target", "dashboard_targets", "load", "prometheus_of", "until"]

SERVICE: Final = "wideep-monitoring-prometheus"
PORTS: Final = {SERVICE: 9090, f"{GRAPH}-frontend": 8000}
MODEL: Final = "deepseek-ai/DeepSeek-R1"
AT_ONCE: Final = 8
SECONDS: Final = 60


@dataclass(frozen=True)
class Prometheus:
    """Its HTTP API on a port of this machine."""

    port: int

    def query(self, expr: str) -> dict[str, float]:
        """Values of an instant query by the labels of each series."""
        found = self._get("query", query=expr)["result"]
        return {json.dumps(each["metric"], sort_keys=True): float(each["value"][1]) for each in found}

    def value(self, expr: str) -> float:
        """The one value of a query."""
        (found,) = self.query(expr).values()
        return found

    def up_by_role(self) -> dict[str, float]:
        """How many targets of each role were scraped."""
        found = self.query("count by (role) (up == 1)")
        return {json.loads(labels)["role"]: count for labels, count in found.items() if "role" in json.loads(labels)}

    def firing(self) -> dict[str, str]:
        """Alerts that fire, each with its runbook."""
        alerts = self._get("alerts")["alerts"]
        return {
            each["labels"]["alertname"]: each["annotations"]["runbook"] for each in alerts if each["state"] == "firing"
        }

    def _get(self, path: str, **asked: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def prometheus_of(cluster: Cluster) -> Iterator[Prometheus]:
    """As `kubectl port-forward svc/wideep-monitoring-prometheus` does it."""
    with _forward(cluster, SERVICE) as port:
        yield Prometheus(port)


def load(cluster: Cluster, requests: int) -> None:
    """So many streamed chats of 20 tokens, a few at once."""
    with _forward(cluster, f"{GRAPH}-frontend") as port, ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: _chat(port, number), range(requests)))


def _chat(port: int, number: int) -> None:
    said = {"role": "user", "content": f"What is expert parallelism? ({number})"}
    body = {"model": MODEL, "messages": [said], "max_tokens": 20, "stream": True}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode())
    asked.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
        assert b"[DONE]" in answer.read()


@contextmanager
def _forward(cluster: Cluster, service: str) -> Iterator[int]:
    port = free_port()
    command = ["kubectl", "port-forward", "-n", NAMESPACE, f"service/{service}", f"{port}:{PORTS[service]}"]
    quiet = subprocess.DEVNULL
    forwarded = subprocess.Popen(command, env=env_on(cluster), stdout=quiet, stderr=quiet)
    try:
        until(lambda: ports.answers(port))
        yield port
    finally:
        forwarded.terminate()
        forwarded.wait()


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    board: str
    panel: str
    expr: str


def dashboard_targets(stack: Pulumi) -> list[Target]:
    """All queries of the dashboards that the stack has put on the cluster, as Grafana would ask them."""
    maps = json.loads(stack.kubectl("get", "configmaps", "-n", NAMESPACE, "-l", "grafana_dashboard=1", "-o", "json"))
    return [
        Target(board["title"].partition(":")[0], panel["title"], target["expr"].replace("$__rate_interval", "1m"))
        for each in maps["items"]
        for board in map(json.loads, each["data"].values())
        for panel in board["panels"]
        for target in panel["targets"]
    ]


def until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    wait_for(true, "Prometheus says so", seconds)
