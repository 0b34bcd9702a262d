"""Stand-in for the metrics of SGLang: names, types and labels come from a file (wideep's catalogue for this worker's
release), values from the worker's activity. Metrics that the file lacks are not kept."""

import json
import time
from collections import deque
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
    generate_latest,
)

KINDS = {"counter": Counter, "gauge": Gauge, "histogram": Histogram, "summary": Summary}
CAPACITY = 500
"""Tokens that one rank's KV cache holds: few, so that a small load is visible."""
WINDOW_SECONDS = 10.0
"""Period over which tokens per second are counted."""
SECONDS = tuple(0.001 * 1.62**step for step in range(30))
GB = {"sglang:weight_memory_usage_gb": 78.0, "sglang:kv_cache_memory_usage_gb": 34.0}
"""Nothing is allocated here: these are figures of about the size that they have on an H200."""
BALANCEDNESS = 0.85


class Figures:
    """The metrics of one worker, by data-parallel rank: requests go to the ranks in turn."""

    def __init__(self, file: Path, model: str, engine_type: str, ranks: int) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.fixed = {"model_name": model, "engine_type": engine_type, "tp_rank": "0", "pp_rank": "0"}
        self.ranks, self.turn = ranks, 0
        self.running, self.tokens = [0] * ranks, [0] * ranks
        self.generated: list[deque[float]] = [deque() for _ in range(ranks)]
        self.known = {row["name"]: self._metric(row) for row in json.loads(file.read_text())}

    def _metric(self, row: dict[str, Any]) -> Any:
        more = {"buckets": SECONDS} if row["kind"] == "histogram" else {}
        return KINDS[row["kind"]](row["name"], "Simulated", row["labels"], registry=self.registry, **more)

    def text(self) -> str:
        """Return the metrics page in Prometheus' text format."""
        now = time.monotonic()
        for rank in range(self.ranks):
            recent = self.generated[rank]
            while recent and recent[0] < now - WINDOW_SECONDS:
                recent.popleft()
            self._set("sglang:num_running_reqs", rank, self.running[rank])
            self._set("sglang:num_used_tokens", rank, self.tokens[rank])
            self._set("sglang:token_usage", rank, self.tokens[rank] / CAPACITY)
            self._set("sglang:gen_throughput", rank, len(recent) / WINDOW_SECONDS)
            for name, gb in GB.items():
                self._set(name, rank, gb)
            for name in self.known:  # expose gauges and counters without activity as 0
                if self.known[name]._type in ("gauge", "counter"):
                    self._labelled(name, rank)
        return generate_latest(self.registry).decode()

    def start(self, prompt: int) -> int:
        """Record a request with so many prompt tokens; return the rank that takes it."""
        rank = self.turn = (self.turn + 1) % self.ranks
        self.running[rank] += 1
        self.tokens[rank] += prompt
        self._count("sglang:prompt_tokens_total", rank, prompt)
        return rank

    def token(self, rank: int, waited: float) -> None:
        """Record a generated token, `waited` seconds after the previous one."""
        self.tokens[rank] += 1
        self.generated[rank].append(time.monotonic())
        self._count("sglang:generation_tokens_total", rank, 1)
        self.took("sglang:inter_token_latency_seconds", rank, waited)

    def end(self, rank: int, tokens: int) -> None:
        """Record the end of a request that held so many tokens."""
        self.running[rank] -= 1
        self.tokens[rank] -= tokens
        self.took("sglang:eplb_balancedness", rank, BALANCEDNESS, forward_mode="decode")

    def took(self, name: str, rank: int, value: float, **labels: str) -> None:
        """Record one observation of a histogram or a summary."""
        if name in self.known:
            self._labelled(name, rank, **labels).observe(value)

    def _count(self, name: str, rank: int, by: float) -> None:
        if name in self.known:
            self._labelled(name, rank).inc(by)

    def _set(self, name: str, rank: int, value: float) -> None:
        if name in self.known:
            self._labelled(name, rank).set(value)

    def _labelled(self, name: str, rank: int, **labels: str) -> Any:
        own = self.known[name]._labelnames
        values = {"pid": "1", **self.fixed, "dp_rank": str(rank), **labels}
        return self.known[name].labels(**{label: values[label] for label in own})
