"""Monitoring on the simulated cluster: a real Prometheus scrapes the real frontends and workers of 0.6.0 and 1.6.1, and
a stand-in for what is simulated. A stack's life with it: up, load, a worker that stops, destroy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sim.state import Cluster
from tests.sim.conftest import Run, sim
from tests.sim.graph import DECODE as DECODE_OF_0_6
from tests.sim.graph import NAMESPACE, pod_of
from tests.sim.prometheus import Prometheus, dashboard_targets, load, prometheus_of, until
from tests.sim.pulumi import Pulumi
from tests.support.platform_v1 import CRDS, GROVE_CRDS
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.late(1)]

IMAGE: Final = {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64}
KEYS: Final[dict[str, dict[str, Any]]] = {
    "0.6.0": {"layout": {"preset": "lab-16gpu-singlenode"}, "platform": {"version": "0.6.0", "charts": "sim/charts"}},
    "1.6.1": {"layout": {"preset": "best-16gpu"}, "platform": {"version": "1.6.1", "charts": "sim/charts/1.6.1"}},
}
"""The newer one with EPLB, whose balancedness it counts."""
DECODE: Final = {"0.6.0": DECODE_OF_0_6, "1.6.1": "nvidia.com/dynamo-component-type=decode"}
"""Labels of the decode workers' pods."""
MONITORS: Final = ("podmonitors", "servicemonitors", "prometheusrules", "prometheuses")
EMPTY: Final = {"Restarts", "GPU errors"}
"""Panels that show what went wrong, and nothing while nothing does."""
MOVED: Final = {"Requests", "Tokens", "Tokens per GPU", "Time to first token", "Inter-token latency"}
REQUESTS: Final = 200


@pytest.fixture(scope="module", params=[pytest.param("0.6.0", marks=pytest.mark.long), "1.6.1"])
def release(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def stack(cluster: Cluster, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A stack with monitoring, deployed. The last test destroys it."""
    if "prometheus" not in cluster.tools:
        pytest.skip("this machine has no Prometheus: `python -m sim tools` says why")
    monitoring = {"enabled": True, "charts": "sim/charts", "scrapeIntervalSeconds": 5, "storage": "10Gi"}
    config = {"image": IMAGE, "monitoring": monitoring, **KEYS[release]}
    pulumi = Pulumi.new(cluster, tmp_path_factory.mktemp("project"), "monitored", **config)
    pulumi("up", "--yes", "--skip-preview")
    yield pulumi
    if pulumi.outputs():
        pulumi("destroy", "--yes", "--skip-preview")
    # The CRDs stay: with Prometheus' Dynamo's charts make monitors, which other tests do not expect, and the place of
    # Dynamo 1.6.1's cannot be taken by those of 0.6.0.
    monitors = [f"{each}.monitoring.coreos.com" for each in MONITORS]
    pulumi.kubectl("delete", "crd", "--ignore-not-found", *monitors, *GROVE_CRDS, *CRDS)


@pytest.fixture(scope="module")
def prometheus(stack: Pulumi) -> Iterator[Prometheus]:
    with prometheus_of(stack.cluster) as found:
        until(lambda: set(found.query("up").values()) == {1.0})
        yield found


@pytest.fixture
def wideep(stack: Pulumi) -> Wideep:
    return Wideep(stack.cluster, stack.folder, stack.stack, columns=1000)


def test_everything_is_scraped_once(prometheus: Prometheus, release: str) -> None:
    by_role = {"frontend": 1, "prefill": 1, "decode": 1, "operator": 1, "gpu": 2}
    stores = {"etcd": 1, "nats": 1} if release == "0.6.0" else {}
    wanted = {role: float(pods) for role, pods in {**by_role, **stores}.items()}
    until(lambda: prometheus.up_by_role() == wanted)  # a target is found some seconds after its pod


def test_a_load_moves_the_panels_and_every_query_gives_series(stack: Pulumi, prometheus: Prometheus) -> None:
    requests = "sum(dynamo_frontend_requests_total) or vector(0)"
    tokens = 'sum(sglang:generation_tokens_total{role="decode"}) or vector(0)'
    before = prometheus.value(requests), prometheus.value(tokens)
    targets = dashboard_targets(stack)
    # A rate counts from a series' first sample, and some series begin with the first request: it is scraped alone.
    load(stack.cluster, 1)
    until(lambda: prometheus.value(requests) - before[0] == 1)
    load(stack.cluster, REQUESTS - 1)
    # First what shows rates: a minute after the load they are zero again.
    still = {each.panel: each.expr for each in targets if each.board == "Serving" and each.panel in MOVED}
    assert set(still) == MOVED
    until(lambda: not _unmoved(prometheus, still))
    until(lambda: prometheus.value(requests) - before[0] == REQUESTS)
    until(lambda: prometheus.value(tokens) - before[1] == 20 * REQUESTS)
    until(lambda: {each.panel for each in targets if not prometheus.query(each.expr)} == EMPTY, 30)


def _unmoved(prometheus: Prometheus, still: dict[str, str]) -> dict[str, str]:
    """Take out of `still` the panels that show more than 0 now: no two of them need do so at the same time."""
    for panel in [each for each, expr in still.items() if max(prometheus.query(expr).values(), default=0) > 0]:
        del still[panel]
    return still


def test_memory_in_use_is_what_the_plan_draws_and_wideep_gpus_predicts(prometheus: Prometheus, stack: Pulumi) -> None:
    lines = [each.expr for each in dashboard_targets(stack) if each.panel == "GPU memory against the Plan"]
    used, *planned = (prometheus.query(each) for each in lines)
    expected = sorted(value for each in planned for value in each.values())
    assert sorted(used.values()) == pytest.approx(expected, rel=0.05)  # as much as `wideep gpus` lets pass


def test_wideep_top_says_the_same_numbers_without_a_prometheus(prometheus: Prometheus, wideep: Wideep) -> None:
    said = wideep("top", "--once", "--interval", "1", "-o", "json").json
    serving, decode = said["serving"], next(each for each in said["workers"] if each["place"] == "decode-0")
    bucket = "sum by (le) (dynamo_frontend_time_to_first_token_seconds_bucket)"
    assert serving["requests"] == prometheus.value("sum(dynamo_frontend_requests_total)")
    assert serving["ttft"]["p95_ms"] == pytest.approx(1000 * prometheus.value(f"histogram_quantile(0.95, {bucket})"))
    assert len(decode["ranks"]) == prometheus.value('count(sglang:token_usage{role="decode"})')
    assert (decode["note"], decode["running"], said["gpus"]) == ("", 0, 16)
    assert f"{REQUESTS} since the start" in wideep("top", "--once").out


def test_the_dashboards_are_drawn_on_a_page_with_their_data(
    prometheus: Prometheus, stack: Pulumi, tmp_path: Path
) -> None:
    sim(stack.cluster.id, "dashboards", "--minutes", "2", "--out", str(tmp_path / "page.html"))
    drawn = (tmp_path / "page.html").read_text()
    for target in dashboard_targets(stack):
        assert f"<h2>{target.panel}</h2>" in drawn
    assert drawn.count("no data") == len(EMPTY)
    assert drawn.count("<polyline") > drawn.count("<figure>")


def test_no_alert_fires_on_a_healthy_stack(prometheus: Prometheus) -> None:
    assert prometheus.firing() == {}


def test_a_worker_that_stops_fires_an_alert_whose_command_names_the_cause(
    stack: Pulumi, prometheus: Prometheus, wideep: Wideep, run: Run, release: str
) -> None:
    sim(stack.cluster.id, "fault", "out-of-memory", "--on", "*decode*")
    try:
        run("kubectl", "delete", "pod", "-n", NAMESPACE, pod_of(stack, DECODE[release]))
        until(lambda: "WideEpNothingToRouteTo" in prometheus.firing())
        fired = prometheus.firing()
        runbook = fired["WideEpNothingToRouteTo"]
        said = wideep(*shlex.split(runbook.rpartition(": wideep ")[2]), "--offline")
        assert said.code == 1
        assert "the GPU ran out of memory" in said.out
        restarts = [each.expr for each in dashboard_targets(stack) if each.panel == "Restarts"]
        until(lambda: all(prometheus.query(each) for each in restarts))
    finally:
        sim(stack.cluster.id, "fault", "clear")
    until(lambda: "WideEpNothingToRouteTo" not in prometheus.firing())


def test_destroy_leaves_nothing_but_crds(stack: Pulumi) -> None:
    stack("destroy", "--yes", "--skip-preview")
    assert NAMESPACE not in stack.kubectl("get", "namespaces", "-o", "name")
    left = stack.kubectl("get", "pods,persistentvolumeclaims,podmonitors,prometheusrules", "-A", "-o", "name")
    assert left.split() == []
