"""Results as a table, beside those of another run and the estimator's prediction, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.bench.result import Point, Result

__all__ = ["bench_json", "bench_text", "differences"]


def bench_text(result: Result, before: Result | None, predicted: str) -> RenderableType:
    """Render a line per concurrency. ``predicted`` is a sentence, or empty."""
    engine = f"{result.engine} · " if result.engine else ""
    title = (
        f"{result.model} · {engine}{result.layout} · {result.gpus} GPUs · {result.isl} tokens in, {result.osl} out · "
        f"AIPerf {result.aiperf}"
    )
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("users", "requests/s", "tokens/s", "per GPU", "per user", "TTFT", "p99", "ITL", "p99", "failed"):
        table.add_column(name, justify="right", no_wrap=True)
    if before:
        table.add_column("tokens/s before", justify="right", no_wrap=True)
    for point in result.points:
        table.add_row(*_cells(point), *([_before(point, before)] if before else []))
    lines = [Text(line) for line in differences(result, before)] if before else []
    told = [Text(predicted)] if predicted else []
    return Group(Text(title, style="bold"), table, *lines, *told)


def _cells(point: Point) -> Iterator[str]:
    yield str(point.concurrency)
    yield f"{point.requests_per_second:.2f}"
    yield f"{point.tokens_per_second:.0f}"
    yield f"{point.tokens_per_second_per_gpu:.1f}"
    yield f"{point.tokens_per_second_per_user:.1f}"
    yield f"{point.ttft_ms:.0f} ms"
    yield f"{point.ttft_p99_ms:.0f} ms"
    yield f"{point.itl_ms:.1f} ms"
    yield f"{point.itl_p99_ms:.1f} ms"
    yield str(point.failed)


def _before(point: Point, before: Result | None) -> str:
    """Return the other run's throughput at the same concurrency, and the change since; ``–`` if it has none."""
    same = next((each for each in before.points if each.concurrency == point.concurrency), None) if before else None
    if same is None or not same.tokens_per_second:
        return "–"
    return f"{same.tokens_per_second:.0f} ({point.tokens_per_second / same.tokens_per_second - 1:+.0%})"


def differences(result: Result, before: Result) -> list[str]:
    """Return what makes two runs hard to compare, one sentence each."""
    kept = ("model", "engine", "layout", "gpus", "isl", "osl", "aiperf")
    return [
        f"The runs differ in {name}: the other one has {getattr(before, name) or 'none that its file names'}."
        for name in kept
        if getattr(before, name) != getattr(result, name)
    ]


def bench_json(result: Result, before: Result | None, predicted: str) -> str:
    """Render the same as JSON."""
    content = {
        "result": result.model_dump(mode="json"),
        "before": before.model_dump(mode="json") if before else None,
        "differences": differences(result, before) if before else [],
        "prediction": predicted or None,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
