"""``monitoring`` in the Plan: whose Prometheus, what it may reach, what the engine and the charts are told."""

from __future__ import annotations

import pytest

from tests.support.configs import settings
from tests.support.containers import env_by_component, main_containers
from wideep.dynamo.chart import at
from wideep.plan import NetworkPolicyPlan, PeersPlan, Plan, RulePlan, make_plan
from wideep.rules import accept_settings, check

ON = {"enabled": True}
ELSEWHERE = {"enabled": True, "install": False, "namespace": "observability", "selectorLabels": {"release": "kps"}}


def policies(**changed: object) -> dict[str, NetworkPolicyPlan]:
    """The policies of a stack, by their role."""
    return {policy.role: policy for policy in make_plan(accept_settings(settings(**changed))).network_policies}


@pytest.mark.parametrize(
    ("monitoring", "key", "fix"),
    [
        ({**ON, "install": False, "selectorLabels": {"release": "kps"}}, "monitoring.namespace", "kubectl get"),
        ({**ON, "install": False, "namespace": "observability"}, "monitoring.selectorLabels", "{release: prometheus}"),
        ({**ON, "namespace": "observability"}, "monitoring.namespace", "install: false"),
        ({**ON, "selectorLabels": {"release": "kps"}}, "monitoring.selectorLabels", "install: false"),
    ],
)
def test_whose_prometheus_it_is_has_to_be_clear(monitoring: dict[str, object], key: str, fix: str) -> None:
    (problem,) = check(settings(monitoring=monitoring))
    assert problem.key == key
    assert fix in problem.fix


def test_what_is_off_is_not_checked_and_makes_nothing() -> None:
    config = settings(monitoring={"namespace": "observability"})
    assert check(config) == []
    assert make_plan(accept_settings(config)).monitoring is None


def test_prometheus_of_another_namespace_reaches_the_ports_with_metrics_and_no_other() -> None:
    before, after = policies(), policies(monitoring=ELSEWHERE)
    label, namespace = "operator.prometheus.io/name", {"kubernetes.io/metadata.name": "observability"}
    prometheus = (PeersPlan(with_label=label, namespaces=namespace),)
    ports = {"frontend": 8000, "workers": 9090, "etcd-clients": 2379, "nats-clients": 7777}
    assert before.keys() == ports.keys()
    for role, port in ports.items():
        assert after[role].rules == (*before[role].rules, RulePlan(peers=prometheus, ports=(port,)))


def test_prometheus_of_the_stacks_own_namespace_is_a_neighbour_already() -> None:
    assert policies(monitoring=ON) == policies()


@pytest.mark.parametrize(
    ("version", "nats", "pod_monitors"), [("0.6.0", True, None), ("1.0.2", True, None), ("1.6.1", None, False)]
)
def test_the_platforms_chart_exports_nats_and_makes_no_monitors_of_its_own(
    version: str, nats: bool | None, pod_monitors: bool | None
) -> None:
    values = _plan(version, monitoring=ON).platform.values
    assert at(values, ("nats", "promExporter", "enabled")) is nats
    assert at(values, ("dynamo-operator", "dynamo", "metrics", "podMonitors", "enabled")) is pod_monitors


FOLDER = {"PROMETHEUS_MULTIPROC_DIR": "/tmp"}  # noqa: S108 - of the container
EPLB = {"enabled": True, "recorderMode": "stat"}


@pytest.mark.parametrize(
    ("version", "eplb", "args", "env"),
    [
        ("0.6.0", EPLB, ["--enable-metrics"], FOLDER),
        ("0.9.1", EPLB, ["--enable-metrics"], FOLDER),
        ("1.6.1", EPLB, ["--enable-metrics", "--expert-balancedness-report-mode", "both"], {}),
        ("1.6.1", {"enabled": False}, ["--enable-metrics"], {}),
    ],
)
def test_the_engine_is_told_what_its_version_needs_before_what_the_stack_adds(
    version: str, eplb: dict[str, object], args: list[str], env: dict[str, str]
) -> None:
    layout = {"preset": "wide-32gpu", "decode": {"eplb": eplb, "extraArgs": ["--log-level", "info"]}}
    on, off = (_decode(_plan(version, layout=layout, monitoring={"enabled": each})) for each in (True, False))
    assert off[0][-2:] == ["--log-level", "info"]
    assert on[0] == [*off[0][:-2], *args, "--log-level", "info"]
    assert on[1].items() - off[1].items() == env.items()


def _plan(version: str, **changed: object) -> Plan:
    return make_plan(accept_settings(settings(platform={"version": version}, **changed)))


def _decode(plan: Plan) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of the decode workers' container."""
    return list(main_containers(plan)["decode"]["args"]), env_by_component(plan)["decode"]


def test_the_limits_of_the_traffic_are_those_of_the_alerts() -> None:
    traffic = {"isl": 4096, "osl": 512, "ttft": "2s", "itl": "50ms"}
    plan = make_plan(accept_settings(settings(monitoring=ON, traffic=traffic))).monitoring
    assert plan is not None
    assert (plan.ttft_ms, plan.itl_ms) == (2000.0, 50.0)
