"""Prometheus and Grafana as one release, and what they read of the stack. No cluster: Pulumi's mocks."""

import json
from typing import Any

import pytest

from components.monitoring import Monitoring, MonitoringArgs
from tests.support.engine import OWN, SEED, Engine, Secret, run
from tests.support.plans import on_release, plan_of

ELSEWHERE = {"enabled": True, "install": False, "namespace": "observability", "selectorLabels": {"release": "kps"}}


def _made(release: str | None = None, **monitoring: Any) -> Engine:
    keys = on_release(release) if release else {}
    stack = plan_of(monitoring={"enabled": True, **monitoring}, **keys)
    plan = stack.monitoring
    assert plan is not None
    return run(lambda: Monitoring("monitoring", MonitoringArgs("dynamo-workshop", plan, stack)))


def _spec(engine: Engine, role: str) -> dict[str, Any]:
    return engine.resources[f"monitoring-{role}-monitor"].inputs["spec"]


def test_the_chart_comes_from_its_repository_in_the_version_that_was_read() -> None:
    inputs = _made().resources["monitoring-release"].inputs
    assert (inputs["chart"], inputs["version"]) == ("kube-prometheus-stack", "88.5.3")
    assert inputs["repositoryOpts"]["repo"] == "https://prometheus-community.github.io/helm-charts"
    assert inputs["name"] == inputs["values"]["fullnameOverride"] == "wideep-monitoring"


def test_grafanas_password_is_drawn_and_nowhere_but_in_its_secret() -> None:
    engine = _made()
    secret = engine.resources["monitoring-grafana"]
    assert secret.inputs["metadata"]["annotations"] == OWN
    assert isinstance(secret.inputs["stringData"], Secret)
    assert secret.inputs["stringData"].value == {"admin-user": "admin", "admin-password": SEED}
    assert [each.name for each in engine.resources.values() if SEED in str(each.inputs)] == ["monitoring-grafana"]
    admin = engine.resources["monitoring-release"].inputs["values"]["grafana"]["admin"]
    assert admin["existingSecret"] == secret.inputs["metadata"]["name"]


def test_without_grafana_nothing_is_drawn() -> None:
    engine = _made(grafana=False)
    assert not {"monitoring-grafana", "monitoring-password"} & engine.types().keys()
    assert engine.resources["monitoring-release"].inputs["values"]["grafana"] == {"enabled": False}


def test_volume_and_resources_are_those_of_the_stack() -> None:
    engine = _made(storage="200Gi", storageClass="fast", retention="30d", resources={"memory": "8Gi"})
    spec = engine.resources["monitoring-release"].inputs["values"]["prometheus"]["prometheusSpec"]
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert (spec["retention"], claim["storageClassName"]) == ("30d", "fast")
    assert claim["resources"]["requests"] == {"storage": "200Gi"}
    assert spec["resources"] == {"requests": {"memory": "8Gi"}, "limits": {"memory": "8Gi"}}


def test_further_values_of_the_chart_come_on_top() -> None:
    values = _made(values={"alertmanager": {"enabled": False}}).resources["monitoring-release"].inputs["values"]
    assert values["alertmanager"] == {"enabled": False}
    assert values["kubeEtcd"] == {"enabled": False}


def test_a_monitor_is_selected_by_the_release_of_its_prometheus_and_by_nobody_elses() -> None:
    metadata = _made().resources["monitoring-frontend-monitor"].inputs["metadata"]
    assert metadata["labels"] == {"release": "wideep-monitoring"}
    metadata = _made(**ELSEWHERE).resources["monitoring-frontend-monitor"].inputs["metadata"]
    assert metadata["labels"] == {"release": "kps"}


@pytest.mark.parametrize(
    ("role", "selector", "port"),
    [
        ("frontend", {"nvidia.com/dynamo-component-type": "frontend"}, "http"),
        ("decode", {"nvidia.com/dynamo-sub-component-type": "decode"}, "system"),
    ],
)
def test_each_role_of_the_graph_has_a_monitor_with_its_labels(role: str, selector: Any, port: str) -> None:
    spec = _spec(_made(), role)
    graph = {"nvidia.com/dynamo-graph-deployment-name": "deepseek-r1-wideep"}
    assert spec["selector"] == {"matchLabels": graph | selector}
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["interval"], spec["sampleLimit"]) == (port, "15s", 20_000)
    constants = {each["targetLabel"]: each.get("replacement") for each in endpoint["relabelings"]}
    assert constants == {
        "role": role,
        "graph": "deepseek-r1-wideep",
        "dynamo_namespace": "deepseek-r1-wideep",
        "node": None,
    }


def test_on_1_6_the_namespace_of_dynamo_is_computed_and_there_are_no_stores() -> None:
    engine = _made("1.6.1")
    (endpoint,) = _spec(engine, "decode")["podMetricsEndpoints"]
    space = {"targetLabel": "dynamo_namespace", "replacement": "dynamo-workshop-deepseek-r1-wideep"}
    assert space in endpoint["relabelings"]
    assert not {"monitoring-etcd-monitor", "monitoring-nats-monitor"} & engine.types().keys()


@pytest.mark.parametrize(
    ("release", "kind", "part", "token"),
    [("0.6.0", "PodMonitor", "podMetricsEndpoints", False), ("1.6.1", "ServiceMonitor", "endpoints", True)],
)
def test_the_operator_is_asked_with_a_token_where_it_wants_one(release: str, kind: str, part: str, token: bool) -> None:
    made = _made(release).resources["monitoring-operator-monitor"]
    assert made.type.endswith(f":{kind}")
    (endpoint,) = made.inputs["spec"][part]
    assert endpoint["scheme"] == "https"
    assert ("bearerTokenFile" in endpoint) is token


def test_gpus_are_scraped_in_the_exporters_namespace_and_named_by_who_uses_them() -> None:
    spec = _spec(_made(dcgmNamespace="nvidia"), "gpu")
    assert spec["namespaceSelector"] == {"matchNames": ["nvidia"]}
    assert spec["podMetricsEndpoints"][0]["honorLabels"] is True
    assert "monitoring-gpu-monitor" not in _made(dcgmNamespace=None).types()


def test_alerts_are_a_rule_that_this_prometheus_selects() -> None:
    rule = _made(**ELSEWHERE).resources["monitoring-alerts"]
    assert rule.type == "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
    assert rule.inputs["metadata"]["labels"] == {"release": "kps"}
    (group,) = rule.inputs["spec"]["groups"]
    assert "WideEpNothingToRouteTo" in {each["alert"] for each in group["rules"]}


@pytest.mark.parametrize("slug", ["serving", "wide-ep", "platform"])
def test_a_dashboard_is_a_config_map_that_grafanas_sidecar_finds(slug: str) -> None:
    board = _made().resources[f"monitoring-{slug}-dashboard"].inputs
    assert board["metadata"]["labels"] == {"grafana_dashboard": "1"}
    (content,) = board["data"].values()
    assert json.loads(content)["title"].endswith("deepseek-r1-wideep")


def test_a_prometheus_that_is_there_is_used_and_its_crds_are_looked_for() -> None:
    engine = _made(**ELSEWHERE)
    crd = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    assert engine.reads == {"monitoring-crd": (crd, "podmonitors.monitoring.coreos.com")}
    assert not any("helm" in kind or "random" in kind for kind in engine.types().values())
