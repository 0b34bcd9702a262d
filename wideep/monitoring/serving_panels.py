"""The dashboard Serving: what users experience."""

from __future__ import annotations

from typing import Final

from wideep.monitoring.panel import Panel, Query, quantiles

__all__ = ["SERVING"]


SERVING: Final = (
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
        quantiles('dynamo_frontend_time_to_first_token_seconds_bucket{graph="$graph"}', "model", "{{model}}"),
    ),
    Panel(
        "Inter-token latency",
        "Between two tokens of an answer. In Dynamo 0.6 the histogram ends at 2 s.",
        "s",
        quantiles('dynamo_frontend_inter_token_latency_seconds_bucket{graph="$graph"}', "model", "{{model}}"),
    ),
    Panel(
        "Tokens",
        "Tokens per second: of answers when they end (0.6) or as they come (1.6), and what SGLang generates.",
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
        "Output tokens per second over all GPUs of the layout, prefill and decode.",
        "short",
        (
            Query(
                'sum(rate(dynamo_frontend_output_sequence_tokens_sum{graph="$graph"}[$__rate_interval])) / $gpus',
                "tokens/s per GPU",
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
