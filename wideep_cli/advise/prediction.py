"""What a layout of both roles serves, and what limits it."""

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
    """What limits the throughput of a layout."""

    PREFILL = "prefill"
    DECODE = "decode"
    MEMORY = "memory"
    """Decode, where a larger batch would meet the latency limit but does not fit in memory."""


@dataclass(frozen=True)
class Bound:
    """The upper bound of the same layout and batches at the hardware's peaks (``wideep.roofline``)."""

    prefill: StepBound
    decode: StepBound
    tokens_per_second: float


@dataclass(frozen=True)
class Prediction:
    """The prediction for one layout under load. Tokens are output tokens; a GPU is one that the layout uses."""

    layout: Layout
    gpus: int
    tokens_per_second: float
    requests_per_second: float
    ttft_ms: float
    itl_ms: float
    prefill_batch: int
    """Prompts in a prefill step of one attention group."""
    decode_batch: int
    """Requests in a decode step of one attention group."""
    limited_by: Limit
    meets: bool
    """True if both latency limits are met."""
    bound: Bound
    caveats: tuple[Caveat, ...]

    @property
    def tokens_per_second_per_gpu(self) -> float:
        """Output tokens/s per GPU, over the GPUs of both roles."""
        return self.tokens_per_second / self.gpus

    def price(self, per_gpu_hour: float) -> float:
        """Return the price of a million output tokens at this price of a GPU hour, on the GPUs that the layout uses."""
        return per_million_tokens(per_gpu_hour, self.tokens_per_second_per_gpu)

    @property
    def tokens_per_second_per_user(self) -> float:
        """Output tokens/s of one answer."""
        return 1000 / self.itl_ms

    @property
    def concurrency(self) -> int:
        """Requests in flight over all decode workers."""
        return self.decode_batch * self.layout.decode.dp * self.layout.decode.replicas


@dataclass(frozen=True)
class Pair:
    """A prefill and a decode worker, and the number of replicas of each."""

    prefill: Worker
    decode: Worker
    replicas: tuple[int, int]


def predict(pair: Pair, traffic: Traffic) -> Prediction:
    """Predict the most that these replicas serve within the limits, at the lowest latency that serves as much. If a
    worker cannot meet its limit, its fastest step counts, and ``meets`` is False."""
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
    """Yield what the estimator does not model in prefill.

    It computes whole prompts, while an engine divides its chunk into a share for each attention group, and it adds the
    time of the all-to-all to that of the computation, while two-batch overlap hides one behind the other.
    """
    if traffic.isl > site.prefill_chunk // site.role.dp:
        yield Caveat.CHUNKS
    if site.role.two_batch_overlap:
        yield Caveat.OVERLAP
