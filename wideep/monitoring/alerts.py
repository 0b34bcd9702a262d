"""Alerts on a stack, one row each, and the PrometheusRule with those that its release and its settings allow.

Four take threshold and time from llm-d's alerts (docs/operations/observability/alerting.md); this program chose those
of the others. Each runbook line ends with the command that looks for the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from wideep.dynamo.releases import ReleaseRow
from wideep.monitoring.queries import available, filled, numbers

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["ALERTS", "Alert", "alerts_of", "rule_group"]


@dataclass(frozen=True)
class Alert:
    """One alert. It does not fire if its query has no result, or if its series do not exist."""

    name: str
    expr: str
    minutes: int
    """Minutes that the condition must hold."""
    severity: Literal["warning", "critical"]
    summary: str
    runbook: str
    """What to look at, and the command for it."""
    needs: Literal["", "ttft", "itl"] = ""
    """The limit of ``traffic`` that the alert compares with; empty if none."""
    of_llm_d: bool = False
    """Whether threshold and time are those of llm-d's alert on the same condition."""


ALERTS: Final[tuple[Alert, ...]] = (
    Alert(
        "WideEpNothingToRouteTo",
        'absent(up{graph="$graph", role="decode"} == 1) or absent(up{graph="$graph", role="prefill"} == 1)',
        2,
        "critical",
        "No worker of one role answers a scrape: requests cannot be served.",
        "Pods of that role are missing, restarting or not scheduled: wideep doctor",
        of_llm_d=True,
    ),
    Alert(
        "WideEpModelNotReady",
        'max by (model) (dynamo_frontend_model_ready{graph="$graph"}) == 0',
        2,
        "critical",
        "The frontend has no workers to which it can route requests for a model.",
        "Workers have not registered, or one role is missing: wideep status",
        of_llm_d=True,
    ),
    Alert(
        "WideEpFrontendMetricsGone",
        'absent(up{graph="$graph", role="frontend"} == 1)',
        5,
        "critical",
        "No frontend answers a scrape: all alerts on requests are silent.",
        "The frontend's pods, or the policy that lets Prometheus in: wideep doctor",
        of_llm_d=True,
    ),
    Alert(
        "WideEpErrors",
        """sum(rate(dynamo_frontend_requests_total{graph="$graph", status="error"}[5m]))
        / sum(rate(dynamo_frontend_requests_total{graph="$graph"}[5m])) > 0.05
        and sum(rate(dynamo_frontend_requests_total{graph="$graph"}[5m])) > 0.1""",
        10,
        "warning",
        "More than 5 % of the requests end in an error.",
        "The workers' logs say which: wideep logs --role decode",
        of_llm_d=True,
    ),
    Alert(
        "WideEpTimeToFirstToken",
        """histogram_quantile(0.99, sum by (le, model)
        (rate(dynamo_frontend_time_to_first_token_seconds_bucket{graph="$graph"}[5m]))) > $ttft""",
        5,
        "warning",
        "One of a hundred requests waits longer for its first token than traffic.ttft allows.",
        "Prefill is short of workers, or one is stuck: wideep status",
        needs="ttft",
    ),
    Alert(
        "WideEpInterTokenLatency",
        """histogram_quantile(0.99, sum by (le, model)
        (rate(dynamo_frontend_inter_token_latency_seconds_bucket{graph="$graph"}[5m]))) > $itl""",
        5,
        "warning",
        "One of a hundred tokens comes later than traffic.itl allows.",
        "Decode batches are too large, or experts are loaded unevenly: wideep eplb",
        needs="itl",
    ),
    Alert(
        "WideEpDecodeCacheFull",
        'max(sglang:token_usage{graph="$graph", role="decode"}) > 0.9',
        5,
        "warning",
        "The KV cache of a rank of decode is more than 90 % full: requests wait, and running ones are retracted.",
        "Long requests on one rank, or too many on all: wideep gpus",
    ),
    Alert(
        "WideEpWaitingWhileIdle",
        """sum(dynamo_frontend_queued_requests{graph="$graph"}) > 0
        and avg(DCGM_FI_DEV_GPU_UTIL{namespace="$namespace"}) < 10""",
        10,
        "critical",
        "Requests wait while the GPUs are idle: prefill and decode do not reach each other.",
        "A bootstrap or a KV transfer hangs: wideep network",
    ),
    Alert(
        "WideEpTransfersFail",
        """sum(increase(sglang:num_transfer_failed_reqs_total{graph="$graph"}[5m])) > 0
        or sum(increase(sglang:num_bootstrap_failed_reqs_total{graph="$graph"}[5m])) > 0""",
        1,
        "warning",
        "KV caches do not get from prefill to decode.",
        "RDMA devices, or the ports between the roles: wideep network",
    ),
    Alert(
        "WideEpWorkerRestarts",
        """sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace="$namespace",
        pod=~"$graph.*"}[15m])) > 0""",
        1,
        "warning",
        "A container of the graph restarts; with it go all ranks of its worker.",
        "Its last lines before the restart have the reason: wideep doctor",
    ),
    Alert(
        "WideEpRanksUneven",
        """max(sglang:num_running_reqs{graph="$graph", role="decode"})
        / avg(sglang:num_running_reqs{graph="$graph", role="decode"}) > 2
        and avg(sglang:num_running_reqs{graph="$graph", role="decode"}) > 4""",
        15,
        "warning",
        "One data-parallel rank of decode runs more than twice as many requests as the mean.",
        "All ranks wait for the slowest in every step: wideep logs --role decode",
    ),
    Alert(
        "WideEpExpertsUneven",
        """sum by (role) (rate(sglang:eplb_balancedness_sum{graph="$graph"}[5m]))
        / sum by (role) (rate(sglang:eplb_balancedness_count{graph="$graph"}[5m])) < 0.6""",
        15,
        "warning",
        "The busiest GPU gets far more tokens than the mean: balancedness is below 0.6.",
        "The balancer is off, or rebalances too seldom: wideep eplb",
    ),
    Alert(
        "WideEpVolumeFull",
        """kubelet_volume_stats_available_bytes{namespace="$namespace"}
        / kubelet_volume_stats_capacity_bytes{namespace="$namespace"} < 0.1""",
        15,
        "warning",
        "A volume of the namespace has less than 10 % left.",
        "Which claim, and what it is for: wideep doctor",
    ),
    Alert(
        "WideEpPodsPending",
        'sum by (pod) (kube_pod_status_phase{namespace="$namespace", phase="Pending"}) > 0',
        15,
        "warning",
        "A pod waits for its node, its image or its volume.",
        "What it waits for: wideep status",
    ),
    Alert(
        "WideEpGraphNotReady",
        'dynamo_graph_status_condition{graph="$graph", graph_namespace="$namespace", condition="Ready"} == 0',
        15,
        "warning",
        "The graph's condition Ready is not True.",
        "Its components and what they wait for: wideep doctor",
    ),
)


def alerts_of(plan: Plan, release: ReleaseRow) -> list[tuple[Alert, str]]:
    """Return the alerts of a stack with their queries: those whose series the release has and whose limit the stack
    sets."""
    known = numbers(plan)
    allowed = (each for each in ALERTS if available(each.expr, release) and (not each.needs or known[each.needs]))
    return [(each, filled(each.expr, known)) for each in allowed]


def rule_group(plan: Plan, release: ReleaseRow) -> dict[str, object]:
    """Return the one group of the stack's PrometheusRule."""
    rules = [
        {
            "alert": alert.name,
            "expr": expr,
            "for": f"{alert.minutes}m",
            "labels": {"severity": alert.severity, "graph": plan.name},
            "annotations": {"summary": alert.summary, "runbook": alert.runbook},
        }
        for alert, expr in alerts_of(plan, release)
    ]
    return {"name": f"{plan.name}.wide-ep", "rules": rules}
