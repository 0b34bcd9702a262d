"""Three dashboards of a stack as rows: what each panel shows, and the queries that it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["DASHBOARDS", "Dashboard", "Panel", "Query"]


@dataclass(frozen=True)
class Query:
    """One line, or several, of a panel; left out where the release lacks its series."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture; left out where none of its queries is left."""

    title: str
    description: str
    unit: str
    """A unit's id of Grafana's."""
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page of panels."""

    title: str
    slug: str
    panels: tuple[Panel, ...]


def _quantiles(series: str, by: str, legend: str, of: Sequence[str] = ("0.5", "0.95", "0.99")) -> tuple[Query, ...]:
    return tuple(
        Query(
            f"histogram_quantile({each}, sum by (le, {by}) (rate({series}[$__rate_interval])))",
            f"p{float(each) * 100:g} {legend}",
        )
        for each in of
    )


_SERVING: Final = (
    Panel(
        "Requests",
        "Requests that ended, by how they ended. An idle frontend has no series at all.",
        "reqps",
        (
            Query(
                'sum by (status) (rate(dynamo_frontend_requests_total{graph="$graph"}[$__rate_interval]))', "{{status}}"
            ),
        ),
    ),
    Panel(
        "Errors",
        "Share of requests that ended in an error.",
        "percentunit",
        (
            Query(
                """(sum(rate(dynamo_frontend_requests_total{graph="$graph", status="error"}[$__rate_interval]))
                or vector(0)) / sum(rate(dynamo_frontend_requests_total{graph="$graph"}[$__rate_interval]))""",
                "errors",
            ),
        ),
    ),
    Panel(
        "Time to first token",
        "From the request to its first token, as the frontend measures it: queueing, prefill and KV transfer.",
        "s",
        _quantiles('dynamo_frontend_time_to_first_token_seconds_bucket{graph="$graph"}', "model", "{{model}}"),
    ),
    Panel(
        "Inter-token latency",
        "Between two tokens of an answer. In Dynamo 0.6 the histogram ends at 2 s.",
        "s",
        _quantiles('dynamo_frontend_inter_token_latency_seconds_bucket{graph="$graph"}', "model", "{{model}}"),
    ),
    Panel(
        "Tokens",
        "Tokens a second: of answers when they end (0.6) or as they come (1.6), and what SGLang generates.",
        "short",
        (
            Query('sum(rate(dynamo_frontend_output_tokens_total{graph="$graph"}[$__rate_interval]))', "output"),
            Query('sum(rate(dynamo_frontend_output_sequence_tokens_sum{graph="$graph"}[$__rate_interval]))', "ended"),
            Query('sum(rate(dynamo_frontend_input_sequence_tokens_sum{graph="$graph"}[$__rate_interval]))', "input"),
            Query('sum(sglang:gen_throughput{graph="$graph", role="decode"})', "SGLang"),
        ),
    ),
    Panel(
        "Tokens per GPU",
        "Output tokens a second over all GPUs of the layout, prefill and decode.",
        "short",
        (
            Query(
                'sum(rate(dynamo_frontend_output_sequence_tokens_sum{graph="$graph"}[$__rate_interval])) / $gpus',
                "tokens/s a GPU",
            ),
        ),
    ),
    Panel(
        "Waiting and in flight",
        "Requests without a first token, prefill included, and all that have not ended.",
        "short",
        (
            Query('sum by (model) (dynamo_frontend_queued_requests{graph="$graph"})', "waiting {{model}}"),
            Query('sum by (model) (dynamo_frontend_inflight_requests{graph="$graph"})', "in flight {{model}}"),
        ),
    ),
    Panel(
        "Lengths",
        "Mean tokens of prompts and answers.",
        "short",
        (
            Query(
                """sum(rate(dynamo_frontend_input_sequence_tokens_sum{graph="$graph"}[$__rate_interval]))
                / sum(rate(dynamo_frontend_input_sequence_tokens_count{graph="$graph"}[$__rate_interval]))""",
                "prompt",
            ),
            Query(
                """sum(rate(dynamo_frontend_output_sequence_tokens_sum{graph="$graph"}[$__rate_interval]))
                / sum(rate(dynamo_frontend_output_sequence_tokens_count{graph="$graph"}[$__rate_interval]))""",
                "answer",
            ),
        ),
    ),
)


def _by_role(metric: str) -> Iterator[Query]:
    for role in ("prefill", "decode"):
        yield Query(f'sum({metric}{{graph="$graph", role="{role}"}})', role)


_WIDE_EP: Final = (
    Panel("Running requests", "Of all ranks of a role.", "short", tuple(_by_role("sglang:num_running_reqs"))),
    Panel("Queued requests", "Of all ranks of a role.", "short", tuple(_by_role("sglang:num_queue_reqs"))),
    Panel(
        "Decode KV cache by rank",
        "Share of a rank's KV cache that is in use. Dynamo 0.6 lacks ranks of further nodes (dynamo#4236).",
        "percentunit",
        (
            Query(
                'max by (pod, dp_rank) (sglang:token_usage{graph="$graph", role="decode"})', "{{pod}} rank {{dp_rank}}"
            ),
        ),
    ),
    Panel(
        "Spread between decode ranks",
        "The fullest and busiest rank over the mean: 1 is even. All ranks wait for the slowest.",
        "short",
        (
            Query(
                """max(sglang:token_usage{graph="$graph", role="decode"})
                / avg(sglang:token_usage{graph="$graph", role="decode"})""",
                "KV cache",
            ),
            Query(
                """max(sglang:num_running_reqs{graph="$graph", role="decode"})
                / avg(sglang:num_running_reqs{graph="$graph", role="decode"})""",
                "running requests",
            ),
        ),
    ),
    Panel(
        "Queues between prefill and decode",
        "Requests at each step of the hand-over. One that only grows is where it hangs.",
        "short",
        (
            Query('sum(sglang:num_prefill_prealloc_queue_reqs{graph="$graph"})', "prefill: bootstrap"),
            Query('sum(sglang:num_prefill_bootstrap_queue_reqs{graph="$graph"})', "prefill: bootstrap"),
            Query('sum(sglang:num_prefill_inflight_queue_reqs{graph="$graph"})', "prefill: in flight"),
            Query('sum(sglang:num_decode_prealloc_queue_reqs{graph="$graph"})', "decode: memory"),
            Query('sum(sglang:num_decode_transfer_queue_reqs{graph="$graph"})', "decode: transfer"),
        ),
    ),
    Panel(
        "Stages of a request",
        "The 95th percentile of each stage. Ranks of one tensor-parallel group count a request each.",
        "s",
        _quantiles(
            'sglang:per_stage_req_latency_seconds_bucket{graph="$graph"}', "role, stage", "{{role}} {{stage}}", ["0.95"]
        ),
    ),
    Panel(
        "Failed transfers",
        "Requests whose KV cache did not get across.",
        "short",
        (
            Query('sum(increase(sglang:num_transfer_failed_reqs_total{graph="$graph"}[$__rate_interval]))', "transfer"),
            Query(
                'sum(increase(sglang:num_bootstrap_failed_reqs_total{graph="$graph"}[$__rate_interval]))', "bootstrap"
            ),
        ),
    ),
    Panel(
        "Balancedness of experts",
        "Mean tokens of a GPU over those of the busiest: 1 is even. Where EPLB runs, from SGLang 0.5.21 on.",
        "percentunit",
        (
            Query(
                """sum by (role, forward_mode) (rate(sglang:eplb_balancedness_sum{graph="$graph"}[$__rate_interval]))
                / sum by (role, forward_mode)
                (rate(sglang:eplb_balancedness_count{graph="$graph"}[$__rate_interval]))""",
                "{{role}} {{forward_mode}}",
            ),
        ),
    ),
    Panel(
        "GPU memory against the Plan",
        "Memory of each pod's fullest GPU, and what the Plan expects of context, weights and KV cache.",
        "bytes",
        (
            Query('max by (pod) (DCGM_FI_DEV_FB_USED{namespace="$namespace"}) * 1048576', "{{pod}}"),
            Query("vector($prefill_bytes)", "Plan: prefill"),
            Query("vector($decode_bytes)", "Plan: decode"),
        ),
    ),
    Panel(
        "Weights and KV cache by the engine",
        "What SGLang has allocated for each, on the fullest rank.",
        "bytes",
        (
            Query(
                'max by (role) (sglang:weight_memory_usage_gb{graph="$graph"}) * 1073741824',
                "{{role}} weights",
            ),
            Query(
                'max by (role) (sglang:kv_cache_memory_usage_gb{graph="$graph"}) * 1073741824',
                "{{role}} KV cache",
            ),
        ),
    ),
)
_PLATFORM: Final = (
    Panel(
        "Graph",
        "Conditions of the graph: 1 is True.",
        "short",
        (Query('dynamo_graph_status_condition{graph="$graph", graph_namespace="$namespace"}', "{{condition}}"),),
    ),
    Panel(
        "Scrapes",
        "Pods that answer a scrape, by role.",
        "short",
        (Query('sum by (role) (up{namespace="$namespace", role!=""})', "{{role}}"),),
    ),
    Panel(
        "Operator",
        "Reconciles that failed, and what waits to be reconciled.",
        "short",
        (
            Query(
                """sum by (controller)
                (rate(controller_runtime_reconcile_errors_total{role="operator"}[$__rate_interval]))""",
                "errors/s {{controller}}",
            ),
            Query('sum by (name) (workqueue_depth{role="operator"})', "waiting {{name}}"),
        ),
    ),
    Panel(
        "Objects of the operator",
        "Graphs and components by state, in all namespaces that it looks after.",
        "short",
        (
            Query(
                "sum by (resource_type, status) (dynamo_operator_resources_total)",
                "{{resource_type}} {{status}}",
            ),
        ),
    ),
    Panel(
        "etcd and NATS",
        "Whether etcd has a leader, its database, and NATS' clients. Dynamo 1.4 and newer install neither.",
        "short",
        (
            Query('min(etcd_server_has_leader{role="etcd"})', "etcd has a leader"),
            Query('sum(nats_varz_connections{role="nats"})', "NATS clients"),
            Query('sum(nats_varz_slow_consumers{role="nats"})', "NATS slow consumers"),
        ),
    ),
    Panel(
        "Restarts",
        "Restarts of containers in the last hour.",
        "short",
        (
            Query(
                'sum by (pod) (increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[1h])) > 0',
                "{{pod}}",
            ),
        ),
    ),
    Panel(
        "Pending pods",
        "Pods that wait for a node, an image or a volume.",
        "short",
        (Query('sum(kube_pod_status_phase{namespace="$namespace", phase="Pending"})', "pending"),),
    ),
    Panel(
        "Volumes",
        "Share of each volume that is free. Not every driver of shared volumes reports it.",
        "percentunit",
        (
            Query(
                """kubelet_volume_stats_available_bytes{namespace="$namespace"}
                / kubelet_volume_stats_capacity_bytes{namespace="$namespace"}""",
                "{{persistentvolumeclaim}}",
            ),
        ),
    ),
    Panel(
        "GPU utilization",
        "Mean of each pod's GPUs.",
        "percent",
        (Query('avg by (pod) (DCGM_FI_DEV_GPU_UTIL{namespace="$namespace"})', "{{pod}}"),),
    ),
    Panel(
        "GPU errors",
        "The last XID of each GPU: a code, which stays after the error. NVIDIA's table says what it means.",
        "short",
        (Query('max by (Hostname, gpu) (DCGM_FI_DEV_XID_ERRORS{role="gpu"}) > 0', "{{Hostname}} GPU {{gpu}}"),),
    ),
)
DASHBOARDS: Final = (
    Dashboard("Serving", "serving", _SERVING),
    Dashboard("Wide EP", "wide-ep", _WIDE_EP),
    Dashboard("Platform", "platform", _PLATFORM),
)
