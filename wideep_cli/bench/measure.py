"""Run the load at one concurrency after the other, each through a port-forward of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wideep.engines import engine_of
from wideep_cli.bench.aiperf import Load, profile, version
from wideep_cli.bench.result import Point, Result
from wideep_cli.deployment import DeployedGraph
from wideep_cli.errors import CallError
from wideep_cluster import forward_service

__all__ = ["Question", "concurrencies", "measure", "predicted"]

ROUNDS: Final = 4
"""Requests per user: with fewer, the start and end of a run would be most of it."""
LEAST: Final = 10


def concurrencies(text: str) -> tuple[int, ...]:
    """Parse ``1,8,32``.

    Raises:
        CallError: the text is not a list of whole numbers from 1 to 100,000.
    """
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = (0,)
    if min(found) < 1 or max(found) > 100_000:
        raise CallError(
            f"--concurrency {text}: must be whole numbers from 1, separated by commas.", "--concurrency 1,8,32"
        )
    return found


@dataclass(frozen=True)
class Question:
    """What to send: ``isl`` tokens in, ``osl`` out, with one run for each number of concurrent ``users``.

    AIPerf's own files stay in ``artifacts``, if that is given.
    """

    users: tuple[int, ...]
    isl: int
    osl: int
    tokenizer: str
    artifacts: Path | None


def measure(live: DeployedGraph, aiperf: Path, question: Question, remark: Callable[[str], None]) -> Result:
    """Measure the graph; announce each run through ``remark``.

    Raises:
        ClusterError: no frontend is ready, or AIPerf fails.
    """
    plan = live.plan
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    points: list[Point] = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in question.users:
            load = Load(plan.model, question.tokenizer, question.isl, question.osl, count, max(LEAST, ROUNDS * count))
            remark(f"{count} at a time: {load.requests} requests of {load.isl} tokens in, {load.osl} out ...")
            folder = (question.artifacts or Path(scratch)) / f"concurrency-{count}"
            with forward_service(live.cluster, plan.namespace, plan.frontend.service) as port:
                points.append(Point.of(count, plan.gpus, profile(aiperf, load, port, folder)))
    return Result(
        model=plan.model,
        engine=engine_of(live.loaded.settings).release,
        layout=plan.layout,
        gpus=plan.gpus,
        isl=question.isl,
        osl=question.osl,
        aiperf=version(aiperf),
        started=started,
        points=tuple(points),
    )


def predicted(live: DeployedGraph, isl: int, osl: int) -> str:
    """Return the estimator's prediction for this layout and traffic as a sentence.

    Empty if the estimator is not installed or does not know the GPU.
    """
    from wideep_cli.advise.extra import estimator_version

    if estimator_version() is None:
        return ""
    from wideep.settings.traffic import Traffic
    from wideep_cli.advise.answers import Answers
    from wideep_cli.advise.comparison import Unknown, predict_layout

    settings = live.loaded.settings
    traffic = Traffic(isl=isl, osl=osl)
    with Answers(settings.model, traffic, engine_of(settings)) as answers:
        if not answers.known(settings.hardware.gpu):
            return ""
        found = predict_layout(settings.model, settings.hardware, settings.layout.roles, answers, traffic)
        if isinstance(found, Unknown):
            return f"No prediction: {found.reason}."
    return (
        f"Predicted by AIConfigurator {estimator_version()} for full load: {found.tokens_per_second:.0f} tokens/s, "
        f"{found.tokens_per_second_per_gpu:.0f} per GPU, TTFT {found.ttft_ms:.0f} ms, ITL {found.itl_ms:.1f} ms."
    )
