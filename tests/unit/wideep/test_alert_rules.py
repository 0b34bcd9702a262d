"""Each alert fires on series that show its trouble, and stays quiet on those of a healthy stack: Prometheus' own
promtool evaluates the rules (Debian's package ``prometheus`` has it)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.configs import settings
from tests.support.promtool import NEEDS_PROMTOOL, evaluation, promtool, run_tests
from wideep.dynamo.releases import row
from wideep.monitoring.alerts import ALERTS, rule_group
from wideep.plan import make_plan
from wideep.rules import accept_settings

pytestmark = NEEDS_PROMTOOL

GRAPH = "deepseek-r1-wideep"
SPACE = "dynamo-workshop"
OF_GRAPH = f'graph="{GRAPH}"'
DECODE = f'{OF_GRAPH}, role="decode"'
OF_SPACE = f'namespace="{SPACE}"'
BUCKET = "dynamo_frontend_{}_seconds_bucket{{" + OF_GRAPH + ', model="m", le="{}"}}'
Series = dict[str, str]


def up(role: str) -> str:
    return f'up{{{OF_GRAPH}, role="{role}"}}'


def requests(status: str) -> str:
    return f'dynamo_frontend_requests_total{{{OF_GRAPH}, status="{status}"}}'


def latency(name: str, within: str, beyond: str, *, slow: bool) -> Series:
    """A hundred tokens a minute, all within the limit or all beyond it."""
    return {
        BUCKET.format(name, within): "0+0x60" if slow else "0+100x60",
        BUCKET.format(name, beyond): "0+100x60",
        BUCKET.format(name, "+Inf"): "0+100x60",
    }


def ranks(metric: str, *values: str) -> Series:
    return {f'sglang:{metric}{{{DECODE}, dp_rank="{rank}"}}': each for rank, each in enumerate(values)}


def balance(total: str) -> Series:
    return {
        f"sglang:eplb_balancedness_sum{{{DECODE}}}": total,
        f"sglang:eplb_balancedness_count{{{DECODE}}}": "0+60x60",
    }


TIME_TO_FIRST, BETWEEN = "time_to_first_token", "inter_token_latency"
ALL_UP = {up(role): "1x60" for role in ("frontend", "prefill", "decode")}
READY = f'dynamo_graph_status_condition{{{OF_GRAPH}, graph_namespace="{SPACE}", condition="Ready"}}'
RESTARTS = f'kube_pod_container_status_restarts_total{{{OF_SPACE}, pod="{GRAPH}-0-decode"}}'
PENDING = f'kube_pod_status_phase{{{OF_SPACE}, pod="{GRAPH}-0-decode", phase="Pending"}}'
FREE, SIZE = (f"kubelet_volume_stats_{part}_bytes{{{OF_SPACE}}}" for part in ("available", "capacity"))
QUEUED = f'dynamo_frontend_queued_requests{{{OF_GRAPH}, model="m"}}'
UTIL = f"DCGM_FI_DEV_GPU_UTIL{{{OF_SPACE}}}"
FAILED = f"sglang:num_transfer_failed_reqs_total{{{DECODE}}}"
MODEL_READY = f'dynamo_frontend_model_ready{{{OF_GRAPH}, model="m"}}'

CASES: dict[str, tuple[Series, Series]] = {
    "WideEpNothingToRouteTo": ({up("prefill"): "1x60", up("decode"): "0x60"}, ALL_UP),
    "WideEpModelNotReady": ({MODEL_READY: "0x60"}, {MODEL_READY: "1x60"}),
    "WideEpFrontendMetricsGone": ({}, ALL_UP),
    "WideEpErrors": (
        {requests("success"): "0+60x60", requests("error"): "0+6x60"},
        {requests("success"): "0+60x60", requests("error"): "0+2x60"},
    ),
    "WideEpTimeToFirstToken": (
        latency(TIME_TO_FIRST, "2", "4", slow=True),
        latency(TIME_TO_FIRST, "1", "4", slow=False),
    ),
    "WideEpInterTokenLatency": (
        latency(BETWEEN, "0.05", "0.1", slow=True),
        latency(BETWEEN, "0.02", "0.1", slow=False),
    ),
    "WideEpDecodeCacheFull": (ranks("token_usage", "0.2x60", "0.95x60"), ranks("token_usage", "0.2x60", "0.85x60")),
    "WideEpWaitingWhileIdle": ({QUEUED: "3x60", UTIL: "0x60"}, {QUEUED: "3x60", UTIL: "80x60"}),
    "WideEpTransfersFail": ({FAILED: "0+1x60"}, {FAILED: "7x60"}),
    "WideEpWorkerRestarts": ({RESTARTS: "0x55 1x5"}, {RESTARTS: "3x60"}),
    "WideEpRanksUneven": (
        ranks("num_running_reqs", "30x60", "2x60", "2x60", "2x60"),
        ranks("num_running_reqs", "4x60", "0x60", "0x60", "0x60"),
    ),
    "WideEpExpertsUneven": (balance("0+30x60"), balance("0+54x60")),
    "WideEpVolumeFull": ({FREE: "5x60", SIZE: "100x60"}, {FREE: "20x60", SIZE: "100x60"}),
    "WideEpPodsPending": ({PENDING: "1x60"}, {PENDING: "0x60"}),
    "WideEpGraphNotReady": ({READY: "0x60"}, {READY: "1x60"}),
}
"""By alert: series, a value a minute, on which it fires, and others on which it does not."""


def _write_rules(at: Path, version: str) -> None:
    traffic = {"isl": 4096, "osl": 512, "ttft": "2s", "itl": "50ms"}
    plan = make_plan(accept_settings(settings(monitoring={"enabled": True}, traffic=traffic)))
    release = row(version)
    assert release is not None
    assert (plan.name, plan.namespace) == (GRAPH, SPACE)
    (at / "rules.yaml").write_text(json.dumps({"groups": [rule_group(plan, release)]}), encoding="utf-8")


@pytest.mark.parametrize("version", ["0.6.0", "1.6.1"])
def test_prometheus_takes_the_rules_of_a_stack(tmp_path: Path, version: str) -> None:
    _write_rules(tmp_path, version)
    promtool("check", "rules", "rules.yaml", at=tmp_path)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda each: each.name)
def test_an_alert_fires_on_its_trouble_and_is_quiet_without(tmp_path: Path, alert: Any) -> None:
    _write_rules(tmp_path, "1.6.1")
    trouble, healthy = CASES[alert.name]
    firing = f'ALERTS{{alertname="{alert.name}", alertstate="firing"}}'
    tests = [evaluation(trouble, [firing], empty=False), evaluation(healthy, [firing], empty=True)]
    run_tests(tmp_path, tests, rules="rules.yaml")
