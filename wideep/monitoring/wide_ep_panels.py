"""The dashboard Wide EP: prefill next to decode, and their ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.monitoring.panel import Panel, Query, quantiles

__all__ = ["WIDE_EP"]


def _by_role(metric: str) -> Iterator[Query]:
    for role in ("prefill", "decode"):
        yield Query(f'sum({metric}{{graph="$graph", role="{role}"}})', role)


WIDE_EP: Final = (
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
        quantiles(
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
        "Memory of each pod's fullest GPU, and what the Plan expects of weights, KV cache and all beside them.",
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
