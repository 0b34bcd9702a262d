"""Figures from two looks at the metrics of a graph's pods: rates between the looks, and current values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from wideep_cli.exposition import Page, quantile

__all__ = ["ENGINE", "Latency", "Pages", "Rank", "Serving", "Worker", "serving", "worker"]

ENGINE: Final = "sglang:"
"""The prefix of the engine's metrics."""
Over = Literal["interval", "start"]


@dataclass(frozen=True)
class Latency:
    """Latencies of the interval, in ms; of all requests since the frontend started if none ended in the interval."""

    p50_ms: float | None
    p95_ms: float | None
    over: Over


@dataclass(frozen=True)
class Serving:
    """What the frontends report. Counts are since their start; rates and latencies are of the interval."""

    requests: int
    errors: int
    in_flight: int
    waiting: int
    """Requests that have no first token yet."""
    requests_per_second: float
    errors_per_second: float
    tokens_per_second: float
    """Output tokens, counted as they come; on Dynamo 0.6, when the answer ends."""
    tokens_per_second_per_gpu: float
    ttft: Latency
    itl: Latency


@dataclass(frozen=True)
class Rank:
    """One data-parallel rank of a worker."""

    rank: str
    running: int
    kv_use: float
    """Share of the rank's KV cache in use, 0 to 1."""


@dataclass(frozen=True)
class Worker:
    """What the engine of one worker pod reports. ``note``: why that is nothing; empty if there are figures."""

    place: str
    pod: str
    running: int = 0
    queued: int = 0
    tokens_per_second: float = 0.0
    ranks: tuple[Rank, ...] = ()
    failed_transfers: int = 0
    balancedness: float | None = None
    """The GPUs' mean tokens divided by the busiest one's; None if the engine does not count them."""
    note: str = ""

    @property
    def kv_use(self) -> float | None:
        """The KV cache use of the fullest rank; None if there are no ranks."""
        return max((rank.kv_use for rank in self.ranks), default=None)

    @property
    def spread(self) -> float | None:
        """The busiest rank's requests divided by the mean; None if nothing runs."""
        running = [rank.running for rank in self.ranks]
        return max(running) * len(running) / sum(running) if sum(running) else None


@dataclass(frozen=True)
class Pages:
    """The metrics of the same pods at two looks, ``seconds`` apart."""

    before: Page
    now: Page
    seconds: float

    def rate(self, name: str, **labels: str) -> float:
        """Return a counter's gain per second, not below 0: a process that has restarted begins at 0."""
        gained = self.now.total(name, **labels) - self.before.total(name, **labels)
        return max(0.0, gained) / self.seconds

    def latency(self, histogram: str) -> Latency:
        """Return the p50 and p95 of a histogram of seconds."""
        now, before = self.now.buckets(histogram), self.before.buckets(histogram)
        recent = {edge: count - before.get(edge, 0) for edge, count in now.items()}
        over: Over = "interval" if max(recent.values(), default=0) > 0 and min(recent.values()) >= 0 else "start"
        found = recent if over == "interval" else now
        half, most = (quantile(share, found) for share in (0.5, 0.95))
        return Latency(_milliseconds(half), _milliseconds(most), over)

    def mean(self, summary: str) -> float | None:
        """Return the mean of the interval's observations, or of all if it has none; None if there were never any."""
        counts = [page.total(f"{summary}_count") for page in (self.now, self.before)]
        sums = [page.total(f"{summary}_sum") for page in (self.now, self.before)]
        if counts[0] > counts[1]:
            return (sums[0] - sums[1]) / (counts[0] - counts[1])
        return sums[0] / counts[0] if counts[0] else None


def serving(pages: Pages, gpus: int) -> Serving:
    """Return the figures of all frontends, from their pages of one model."""
    now, requests = pages.now, "dynamo_frontend_requests_total"
    live = "dynamo_frontend_output_tokens_total"
    tokens = pages.rate(live if now.has(live) else "dynamo_frontend_output_sequence_tokens_sum")
    return Serving(
        requests=round(now.total(requests)),
        errors=round(_errors(now)),
        in_flight=round(now.total("dynamo_frontend_inflight_requests")),
        waiting=round(now.total("dynamo_frontend_queued_requests")),
        requests_per_second=pages.rate(requests),
        errors_per_second=max(0.0, _errors(now) - _errors(pages.before)) / pages.seconds,
        tokens_per_second=tokens,
        tokens_per_second_per_gpu=tokens / gpus,
        ttft=pages.latency("dynamo_frontend_time_to_first_token_seconds"),
        itl=pages.latency("dynamo_frontend_inter_token_latency_seconds"),
    )


def worker(place: str, pod: str, pages: Pages) -> Worker:
    """Return the figures of one worker pod, from its pages."""
    now = pages.now
    running, kv = now.by(f"{ENGINE}num_running_reqs", "dp_rank"), now.by(f"{ENGINE}token_usage", "dp_rank")
    return Worker(
        place=place,
        pod=pod,
        running=round(sum(running.values())),
        queued=round(now.total(f"{ENGINE}num_queue_reqs")),
        tokens_per_second=pages.rate(f"{ENGINE}generation_tokens_total"),
        ranks=tuple(_ranks(running, kv)),
        failed_transfers=round(sum(now.total(f"{ENGINE}num_{what}_failed_reqs_total") for what in FAILURES)),
        balancedness=pages.mean(f"{ENGINE}eplb_balancedness"),
    )


FAILURES: Final = ("transfer", "bootstrap")


def _ranks(running: Mapping[str, float], kv: Mapping[str, float]) -> list[Rank]:
    def number(name: str) -> tuple[int, str]:
        return len(name), name

    names = sorted({*running, *kv}, key=number)
    return [Rank(name, round(running.get(name, 0)), kv.get(name, 0.0)) for name in names]


def _errors(page: Page) -> float:
    """Count requests that ended in an error, except those for an unknown model, which is the client's (Dynamo 1.x)."""
    name = "dynamo_frontend_requests_total"
    return page.total(name, status="error") - page.total(name, status="error", error_type="not_found")


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
