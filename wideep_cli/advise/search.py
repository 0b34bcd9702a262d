"""The search over all pairs of a prefill and a decode worker, in all numbers that the GPUs allow, for the most tokens.

A worker is rated by what it serves within its own latency limit, so the estimator is asked once for each worker rather
than once for each pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from wideep.settings.hardware import Hardware
from wideep.settings.layout import Role
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.candidates import candidates
from wideep_cli.advise.operating import Worker, as_candidate
from wideep_cli.advise.prediction import Pair, Prediction, predict
from wideep_cli.advise.workers import Caveat

__all__ = ["Field", "Progress", "best", "field_of", "frontier"]

AHEAD = 4
"""Factor on the number of wanted pairs: that many are predicted in full, and then sorted by latency."""
Progress = Callable[[Role, float], None]
"""A function that is called with a role and the share of its workers that have been asked for."""


@dataclass(frozen=True)
class Field:
    """All workers that can run on the given GPUs, for one traffic."""

    traffic: Traffic
    prefill: tuple[Worker, ...]
    decode: tuple[Worker, ...]
    budget: dict[Role, int]
    """The number of GPUs that each role may use."""
    total: int
    """The number of GPUs that both roles may use together."""
    too_large: int = 0
    """The number of workers that lack the memory for a single request."""
    unknown: tuple[str, ...] = ()
    """Why the estimator could not predict some workers, one clause for each reason."""


def field_of(
    model: ModelShape, hardware: dict[Role, Hardware], answers: Answers, traffic: Traffic, progress: Progress
) -> Field:
    """Return all workers of both roles on their hardware. If it is the same, the roles share the GPUs."""
    shared = hardware[Role.PREFILL] == hardware[Role.DECODE]
    budget = {role: hardware[role].gpus - (1 if shared else 0) for role in Role}
    workers: dict[Role, list[Worker]] = {role: [] for role in Role}
    unknown: dict[str, None] = {}
    too_large = 0
    for role in Role:
        found = candidates(role, model, hardware[role], budget[role], traffic, answers.engine)
        too_large += found.too_large
        for asked, site in enumerate(found.sites, 1):
            progress(role, asked / len(found.sites))
            worker = as_candidate(site, answers, traffic)
            if isinstance(worker, str):
                unknown[worker] = None
            elif Caveat.ONE_NODE in worker.caveats and site.crosses_nvlink:
                reason = f"EP {site.role.ep} over {site.role.nodes} nodes of {site.hardware.gpu}"
                unknown[f"no measurements between nodes: {reason}"] = None
            else:
                workers[role].append(worker)
    total = hardware[Role.PREFILL].gpus + (0 if shared else hardware[Role.DECODE].gpus)
    return Field(
        traffic, tuple(workers[Role.PREFILL]), tuple(workers[Role.DECODE]), budget, total, too_large, tuple(unknown)
    )


def best(field: Field, count: int) -> list[Prediction]:
    """Return the ``count`` pairs that serve the most within the limits, best first; empty if no pair meets them.

    Of pairs that serve the same, the one with fewer GPUs comes first, then the one with the lower latency.
    """
    prefill = _leading(field.prefill, field.traffic.ttft_ms, count)
    decode = _leading(field.decode, field.traffic.itl_ms, count)
    numbered = (_numbered(field, p, d) for p, d in product(prefill, decode))
    found = sorted((offer for offer in numbered if offer), key=_rank)
    predicted = [predict(offer.pair, field.traffic) for offer in found[: count * AHEAD]]
    predicted.sort(key=lambda each: (-round(each.tokens_per_second), each.gpus, each.ttft_ms + each.itl_ms))
    return predicted[:count]


def frontier(field: Field, limits_ms: Sequence[float]) -> list[Prediction]:
    """Return the best pair for each limit on the time between two tokens, ascending, without limits that no pair
    meets."""
    fields = (replace(field, traffic=field.traffic.model_copy(update={"itl": f"{limit:g}ms"})) for limit in limits_ms)
    return [found for each in fields for found in best(each, 1)]


@dataclass(frozen=True)
class _Served:
    """A worker and the requests/s that one replica serves within the limit."""

    worker: Worker
    rate: float


@dataclass(frozen=True)
class _Offer:
    """A pair and the requests/s that it serves."""

    pair: Pair
    rate: float
    gpus: int


def _rank(offer: _Offer) -> tuple[float, ...]:
    redundant = sum(worker.site.role.redundant_experts for worker in (offer.pair.prefill, offer.pair.decode))
    return -offer.rate, offer.gpus, redundant


def _leading(workers: Sequence[Worker], limit_ms: float, count: int) -> list[_Served]:
    """Return the ``count`` best workers of each size: a pair with any other worker serves no more than ``count`` pairs
    of the same sizes.

    Workers whose redundant experts bring no gain are left out.
    """
    served = [_Served(worker, found.step.requests_per_second) for worker in workers if (found := worker.best(limit_ms))]
    by_size: dict[int, list[_Served]] = {}
    seen: set[tuple[object, ...]] = set()
    for each in sorted(served, key=lambda each: (-each.rate, each.worker.site.role.redundant_experts)):
        role = each.worker.site.role
        shape = (role.gpus_per_worker, role.dp, role.ep, role.deepep)
        if shape not in seen:
            seen.add(shape)
            by_size.setdefault(each.worker.gpus, []).append(each)
    return [each for same in by_size.values() for each in same[:count]]


def _numbered(field: Field, prefill: _Served, decode: _Served) -> _Offer | None:
    """Return the pair with the replicas that serve the most, the fewest GPUs among equals; None if both do not fit."""
    size_p, size_d = prefill.worker.gpus, decode.worker.gpus
    leading: _Offer | None = None
    for count_p in range(1, field.budget[Role.PREFILL] // size_p + 1):
        left = min(field.budget[Role.DECODE], field.total - count_p * size_p)
        count_d = min(left // size_d, math.ceil(count_p * prefill.rate / decode.rate))
        if count_d < 1:
            continue
        rate = min(count_p * prefill.rate, count_d * decode.rate)
        gpus = count_p * size_p + count_d * size_d
        offer = _Offer(Pair(prefill.worker, decode.worker, (count_p, count_d)), rate, gpus)
        if leading is None or _rank(offer) < _rank(leading):
            leading = offer
    return leading
