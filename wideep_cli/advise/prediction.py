"""What a layout of both roles serves, and what stops it from serving more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from wideep.price import per_million_tokens
from wideep.roofline import StepBound, decode_bound, prefill_bound
from wideep.rules.role_context import RoleContext
from wideep.settings.hardware import GpuKind
from wideep.settings.layout import Layout, RoleLayout
from wideep.settings.model import ModelShape
from wideep.settings.traffic import Traffic
from wideep_cli.advise.operating import Operation, Worker
from wideep_cli.advise.workers import Caveat

__all__ = ["Bound", "Limit", "Pair", "Prediction", "predict"]


class Limit(StrEnum):
    """What a layout would need more of to serve more."""

    PREFILL = "prefill"
    DECODE = "decode"
    MEMORY = "memory"
    """Decode, and there a larger batch would keep the latency, but does not fit."""


@dataclass(frozen=True)
class Bound:
    """The same layout and batches on hardware whose peaks were reached (``wideep.roofline``)."""

    prefill: StepBound
    decode: StepBound
    tokens_per_second: float


@dataclass(frozen=True)
class Prediction:
    """One layout under load. Tokens are output tokens; a GPU is one of those that the layout uses."""

    layout: Layout
    gpus: int
    tokens_per_second: float
    requests_per_second: float
    ttft_ms: float
    itl_ms: float
    prefill_batch: int
    """Prompts of one attention group in a step."""
    decode_batch: int
    """Requests of one attention group."""
    limited_by: Limit
    meets: bool
    """Both latency limits are kept."""
    bound: Bound
    caveats: tuple[Caveat, ...]

    @property
    def tokens_per_second_per_gpu(self) -> float:
        """Output tokens, by the GPUs of both roles."""
        return self.tokens_per_second / self.gpus

    def price(self, per_gpu_hour: float) -> float:
        """What a million output tokens cost at this price of a GPU, on the GPUs that the layout uses."""
        return per_million_tokens(per_gpu_hour, self.tokens_per_second_per_gpu)

    @property
    def tokens_per_second_per_user(self) -> float:
        """Speed of one answer."""
        return 1000 / self.itl_ms

    @property
    def concurrency(self) -> int:
        """Requests that are being answered at once, over all decode workers."""
        return self.decode_batch * self.layout.decode.dp * self.layout.decode.replicas


@dataclass(frozen=True)
class Pair:
    """A prefill and a decode worker, and how many there are of each."""

    prefill: Worker
    decode: Worker
    replicas: tuple[int, int]


def predict(pair: Pair, traffic: Traffic) -> Prediction:
    """The most that workers in these numbers serve within the limits; at the lowest latency that serves as much."""
    filling = pair.prefill.best(traffic.ttft_ms)
    decoding = pair.decode.best(traffic.itl_ms)
    meets = filling is not None and decoding is not None
    filling, decoding = filling or pair.prefill.fastest(), decoding or pair.decode.fastest()
    count_p, count_d = pair.replicas
    offered = count_p * filling.step.requests_per_second
    served = count_d * decoding.step.requests_per_second
    requests = min(offered, served)
    limit = Limit.PREFILL if offered < served else Limit.MEMORY if decoding.memory_bound else Limit.DECODE
    if meets:
        filling = pair.prefill.relaxed(filling, requests / count_p)
        decoding = pair.decode.relaxed(decoding, requests / count_d)
    layout = Layout(
        prefill=filling.layout.model_copy(update={"replicas": count_p}),
        decode=decoding.layout.model_copy(update={"replicas": count_d}),
    )
    prefilling = _prefill_caveats(replace(pair.prefill.site, role=layout.prefill), traffic)
    return Prediction(
        layout=layout,
        gpus=layout.prefill.gpus + layout.decode.gpus,
        tokens_per_second=requests * traffic.osl,
        requests_per_second=requests,
        ttft_ms=filling.step.milliseconds,
        itl_ms=decoding.step.milliseconds,
        prefill_batch=filling.step.batch,
        decode_batch=decoding.step.batch,
        limited_by=limit,
        meets=meets,
        bound=_bound(pair, filling, decoding, traffic),
        caveats=tuple(dict.fromkeys((*filling.caveats, *decoding.caveats, *prefilling))),
    )


def _bound(pair: Pair, filling: Operation, decoding: Operation, traffic: Traffic) -> Bound:
    prefill = prefill_bound(*_bounded(pair.prefill.site), filling.step.batch, traffic)
    decode = decode_bound(*_bounded(pair.decode.site), decoding.step.batch, traffic)
    count_p, count_d = pair.replicas
    requests = min(count_p * prefill.requests_per_second, count_d * decode.requests_per_second)
    return Bound(prefill, decode, requests * traffic.osl)


def _bounded(site: RoleContext) -> tuple[ModelShape, GpuKind, RoleLayout]:
    return site.model, site.hardware.gpu, site.role


def _prefill_caveats(site: RoleContext, traffic: Traffic) -> Iterator[Caveat]:
    """What the estimator leaves out of prefill.

    It computes whole prompts, where an engine cuts its chunk into a share for each attention group, and it adds the
    all-to-all to the computation behind which two-batch overlap hides it.
    """
    if traffic.isl > site.prefill_chunk // site.role.dp:
        yield Caveat.CHUNKS
    if site.role.two_batch_overlap:
        yield Caveat.OVERLAP
