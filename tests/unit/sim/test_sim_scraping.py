"""What the simulation makes of monitors, rules and pods for its Prometheus, and what its exporter says."""

from __future__ import annotations

from typing import Any

import pytest

from sim.kubelet.engine_metrics import rows
from sim.monitoring import pages, scraping
from sim.monitoring.drawing import Board, Drawn, Line, page, shown
from sim.operator.contract import Manifest

OURS = {"release": "wideep-monitoring"}
SELECTOR = {"matchLabels": OURS}
PROMETHEUS: Manifest = {
    "spec": {
        "scrapeInterval": "15s",
        **dict.fromkeys(("podMonitorSelector", "serviceMonitorSelector", "ruleSelector"), SELECTOR),
    }
}
RELABELLED = [
    {"targetLabel": "role", "replacement": "decode"},
    {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"},
]
ENDPOINT = {"port": "system", "interval": "5s", "honorLabels": True, "relabelings": RELABELLED}


def pod(name: str, port: str = "system", **labels: str) -> Manifest:
    """One that runs, whose second container has a port of that name."""
    ports = [{"name": port, "containerPort": 9090}]
    return {
        "metadata": {"name": name, "namespace": "lab", "uid": f"uid-{name}", "labels": labels},
        "spec": {"nodeName": "gpu-0", "containers": [{"name": "side"}, {"name": "main", "ports": ports}]},
        "status": {"phase": "Running", "podIP": "10.0.0.7"},
    }


def monitor(kind: str = "PodMonitor", labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    body = {"selector": {"matchLabels": {"app": "worker"}}, "podMetricsEndpoints": [ENDPOINT], "sampleLimit": 100}
    meta = {"name": "m", "namespace": "lab", "labels": OURS if labels is None else labels}
    return {"kind": kind, "metadata": meta, "spec": body | spec}


def jobs(found: scraping.Found) -> list[Manifest]:
    made: list[Manifest] = scraping.configuration(PROMETHEUS, found, "rules.yml")["scrape_configs"]
    return made


def test_a_monitor_that_is_selected_becomes_a_job_with_the_pods_that_it_selects() -> None:
    every = [pod("a", app="worker"), pod("b", app="other"), pod("c", port="http", app="worker")]
    (job,) = jobs(scraping.Found(every, pod_monitors=[monitor()], addresses={"uid-a": "127.0.0.1:7/metrics"}))

    assert (job["job_name"], job["sample_limit"], job["honor_labels"]) == ("podMonitor/lab/m/0", 100, True)
    (target,) = job["static_configs"]
    assert target["targets"] == ["127.0.0.1:7"]
    assert target["labels"]["__meta_pod"] == "a"
    assert target["labels"]["__meta_address"] == "10.0.0.7:9090"
    assert {"target_label": "role", "replacement": "decode"} in job["relabel_configs"]
    assert {"source_labels": ["__meta_kubernetes_pod_node_name"], "target_label": "node"} in job["relabel_configs"]


def test_a_monitor_without_the_label_is_not_read_as_those_of_dynamos_chart() -> None:
    assert jobs(scraping.Found([pod("a", app="worker")], pod_monitors=[monitor(labels={})])) == []


def test_a_pod_without_a_process_is_a_target_that_does_not_answer() -> None:
    (job,) = jobs(scraping.Found([pod("a", app="worker")], pod_monitors=[monitor()]))

    assert job["static_configs"][0]["targets"] == [scraping.CLOSED]


def test_a_pod_that_waits_is_no_target() -> None:
    waiting = pod("a", app="worker") | {"status": {"phase": "Pending"}}

    assert jobs(scraping.Found([waiting], pod_monitors=[monitor()]))[0]["static_configs"] == []


def test_a_service_monitor_finds_pods_behind_the_services_that_it_selects() -> None:
    service = {
        "metadata": {"name": "s", "namespace": "lab", "labels": {"app": "metrics"}},
        "spec": {"selector": {"app": "operator"}, "ports": [{"name": "https", "targetPort": "system"}]},
    }
    seen = monitor(
        "ServiceMonitor", selector={"matchLabels": {"app": "metrics"}}, endpoints=[{"port": "https", "scheme": "https"}]
    )
    every = [pod("a", app="operator"), pod("b", app="worker")]
    (job,) = jobs(scraping.Found(every, services=[service], service_monitors=[seen]))

    assert [each["labels"]["__meta_pod"] for each in job["static_configs"]] == ["a"]


def test_minutes_of_an_alert_are_shorter_here() -> None:
    rules = [{"alert": "A", "expr": "1", "for": "10m"}, {"alert": "B", "expr": "1"}]
    rule = {"metadata": {"labels": OURS}, "spec": {"groups": [{"name": "g", "rules": rules}]}}
    (group,) = scraping.rule_file(PROMETHEUS, [rule, {"metadata": {}, "spec": {}}], 6)["groups"]

    assert group["rules"] == [{"alert": "A", "expr": "1", "for": "60s"}, {"alert": "B", "expr": "1"}]


def test_the_exporter_says_nothing_that_the_catalogue_lacks() -> None:
    made = pages.Page()
    with pytest.raises(KeyError):
        made.add("no_such_metric", 1)
    with pytest.raises(ValueError, match="has no label rank"):
        made.add("up", 1, rank="0")


def test_phases_restarts_and_conditions_are_those_of_the_cluster() -> None:
    crashed = pod("a")
    crashed["status"]["containerStatuses"] = [{"name": "main", "restartCount": 3}]
    ready = {
        "metadata": {"name": "g", "namespace": "lab"},
        "status": {"conditions": [{"type": "Ready", "status": "False"}]},
    }
    text = pages.kube_state([crashed], [ready]).text

    assert 'kube_pod_status_phase{namespace="lab",pod="a",uid="uid-a",phase="Running"} 1\n' in text
    assert 'restarts_total{namespace="lab",pod="a",uid="uid-a",container="main"} 3\n' in text
    assert 'dynamo_graph_status_condition{graph="g",graph_namespace="lab",condition="Ready"} 0\n' in text
    assert text.count("# TYPE kube_pod_status_phase gauge") == 1


@pytest.mark.parametrize(("full", "free"), [(False, 0.65), (True, 0.02)])
def test_a_volume_is_full_with_the_fault_alone(full: bool, free: float) -> None:
    claim = {"metadata": {"name": "c", "namespace": "lab"}, "status": {"capacity": {"storage": "100Gi"}}}
    text = pages.kubelet([claim, {"metadata": {"name": "new", "namespace": "lab"}}], full=full).text

    assert f'available_bytes{{namespace="lab",persistentvolumeclaim="c"}} {free * 100 * 2**30:g}\n' in text
    assert "new" not in text


FOLDER = [{"name": "PROMETHEUS_MULTIPROC_DIR", "value": "/tmp"}]  # noqa: S108 - of a container


@pytest.mark.parametrize(
    ("args", "env", "newer", "has", "lacks"),
    [
        ([], [], False, [], ["sglang:num_running_reqs"]),
        (["--enable-metrics"], [], False, ["sglang:num_running_reqs"], ["sglang:generation_tokens_total"]),
        (["--enable-metrics"], FOLDER, False, ["sglang:generation_tokens_total"], ["sglang:eplb_balancedness"]),
        (["--enable-metrics"], [], True, ["sglang:generation_tokens_total"], ["sglang:eplb_balancedness"]),
        (
            ["--enable-metrics", "--expert-balancedness-report-mode", "both"],
            [],
            True,
            ["sglang:eplb_balancedness"],
            ["sglang:num_prefill_prealloc_queue_reqs"],
        ),
    ],
)
def test_a_worker_exposes_what_its_release_its_arguments_and_its_environment_let_it(
    args: list[str], env: list[Manifest], newer: bool, has: list[str], lacks: list[str]
) -> None:
    names = {row["name"] for row in rows({"args": ["-m", "dynamo.sglang", *args], "env": env}, newer=newer)}

    assert set(has) <= names
    assert names.isdisjoint(lacks)


def test_a_panel_is_drawn_with_its_axis_its_legend_and_nothing_unescaped() -> None:
    line = Line("rank <0>", ((0.0, 0.0), (60.0, 2.0)))
    text = page([Board("B", (Drawn("P", "Says.", "s", (line,)), Drawn("Q", "Says.", "s", ())))], 0, 60)

    assert "rank &lt;0&gt;" in text
    assert text.count("<polyline") == 1
    assert text.count("no data") == 1
    assert ">1.5 s<" in text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.02, "s", "20 ms"),
        (1.5e11, "bytes", "150 GB"),
        (0.5, "percentunit", "50 %"),
        (90, "percent", "90 %"),
        (3, "reqps", "3/s"),
        (7, "short", "7"),
    ],
)
def test_a_value_is_shown_in_its_unit(value: float, unit: str, text: str) -> None:
    assert shown(value, unit) == text
