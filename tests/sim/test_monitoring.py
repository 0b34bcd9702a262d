"""Monitoring on the simulated cluster: a real Prometheus scrapes the real frontends and workers of 0.6.0 and 1.6.1, and
a stand-in for what is simulated. A stack's life with it: up, load, a worker that stops, destroy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sim.state import Cluster
from tests.sim.conftest import Run, sim
from tests.sim.graph import DECODE, NAMESPACE, pod_of
from tests.sim.prometheus import Prometheus, dashboard_targets, load, prometheus_of, until
from tests.sim.pulumi import Pulumi
from tests.support.project import copy_project
from tests.support.stacks import write_stack
from tests.support.wideep import Wideep

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

IMAGE: Final = {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64}
KEYS: Final[dict[str, dict[str, Any]]] = {
    "0.6.0": {"layout": {"preset": "lab-16gpu-singlenode"}, "platform": {"version": "0.6.0", "charts": "sim/charts"}},
    "1.6.1": {"layout": {"preset": "best-16gpu"}, "platform": {"version": "1.6.1", "charts": "sim/charts/1.6.1"}},
}
"""The newer one with EPLB, whose balancedness it counts."""
EMPTY: Final = {"Restarts", "GPU errors"}
"""Panels that show what went wrong, and nothing while nothing does."""
REQUESTS: Final = 200


@pytest.fixture(scope="module", params=KEYS)
def release(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def stack(cluster: Cluster, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulumi]:
    """A stack with monitoring, deployed. The last test destroys it."""
    if "prometheus" not in cluster.tools:
        pytest.skip("this machine has no Prometheus: `python -m sim tools` says why")
    folder = copy_project(tmp_path_factory.mktemp("project"))
    monitoring = {"enabled": True, "charts": "sim/charts", "scrapeIntervalSeconds": 5, "storage": "10Gi"}
    write_stack(folder, "monitored", image=IMAGE, monitoring=monitoring, **KEYS[release])
    pulumi = Pulumi(cluster, folder, "monitored").create()
    pulumi("up", "--yes", "--skip-preview")
    yield pulumi
    pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def prometheus(stack: Pulumi) -> Iterator[Prometheus]:
    with prometheus_of(stack.cluster) as found:
        until(lambda: set(found.query("up").values()) == {1.0})
        yield found


@pytest.fixture
def wideep(stack: Pulumi) -> Wideep:
    return Wideep(stack.cluster, stack.folder, stack.stack, columns=1000)


def test_everything_is_scraped_once(stack: Pulumi, prometheus: Prometheus, release: str) -> None:
    by_role = {"frontend": 1, "prefill": 1, "decode": 1, "operator": 1, "gpu": 2}
    stores = {"etcd": 1, "nats": 1} if release == "0.6.0" else {}
    for role, pods in {**by_role, **stores}.items():
        assert prometheus.value(f'count(up{{role="{role}"}} == 1)') == pods


def test_a_load_moves_the_panels_and_every_query_gives_series(stack: Pulumi, prometheus: Prometheus) -> None:
    requests = "sum(dynamo_frontend_requests_total) or vector(0)"
    tokens = 'sum(sglang:generation_tokens_total{role="decode"}) or vector(0)'
    before = prometheus.value(requests), prometheus.value(tokens)
    load(stack.cluster, REQUESTS)
    until(lambda: prometheus.value(requests) - before[0] == REQUESTS)
    assert prometheus.value(tokens) - before[1] == pytest.approx(20 * REQUESTS, rel=0.01)
    targets = dashboard_targets(stack)
    until(lambda: {each.panel for each in targets if not prometheus.query(each.expr)} == EMPTY, 30)
    serving = {each.panel: prometheus.query(each.expr) for each in targets if each.board == "Serving"}
    for panel in ("Requests", "Tokens", "Tokens per GPU", "Time to first token", "Inter-token latency"):
        assert max(serving[panel].values()) > 0


def test_memory_in_use_is_what_the_plan_draws_and_wideep_gpus_predicts(prometheus: Prometheus, stack: Pulumi) -> None:
    lines = [each.expr for each in dashboard_targets(stack) if each.panel == "GPU memory against the Plan"]
    used, *planned = (prometheus.query(each) for each in lines)
    assert sorted(used.values()) == pytest.approx(
        sorted(value for each in planned for value in each.values()), rel=0.01
    )


def test_no_alert_fires_on_a_healthy_stack(prometheus: Prometheus) -> None:
    assert prometheus.firing() == {}


def test_a_worker_that_stops_fires_an_alert_whose_command_names_the_cause(
    stack: Pulumi, prometheus: Prometheus, wideep: Wideep, run: Run
) -> None:
    sim(stack.cluster.id, "fault", "out-of-memory", "--on", "*decode*")
    try:
        run("kubectl", "delete", "pod", "-n", NAMESPACE, pod_of(stack, DECODE))
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
