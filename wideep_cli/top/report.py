"""A graph's figures as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep_cli.deployment import DeployedGraph
from wideep_cli.top.figures import Latency, Serving, Worker
from wideep_cli.top.look import Top

__all__ = ["top_json", "top_text"]


def top_text(live: DeployedGraph, top: Top) -> RenderableType:
    """Render the frontends' figures, a line for each worker, and what is missing."""
    plan = live.plan
    head = f"{plan.name} · {plan.model} · {plan.gpus} GPUs · {top.seconds:.0f} s"
    parts: list[RenderableType] = [Text(head, style="bold"), ""]
    parts += [_serving(top.serving)] if isinstance(top.serving, Serving) else [Text(f"frontend: {top.serving}")]
    shown = [worker for worker in top.workers if not worker.note]
    if shown:
        parts += ["", _workers(shown)]
    silent: dict[str, list[str]] = {}
    for worker in top.workers:
        if worker.note:
            silent.setdefault(worker.note, []).append(worker.place)
    notes = [Text(f"{', '.join(places)}: {note}") for note, places in silent.items()]
    return Group(*parts, *([""] if notes else []), *notes)


def top_json(live: DeployedGraph, top: Top) -> str:
    """Render everything as JSON. ``serving`` is null if no frontend responds; ``serving_error`` then says why."""
    answered = isinstance(top.serving, Serving)
    content = {
        "graph": live.plan.name,
        "namespace": live.plan.namespace,
        "model": live.plan.model,
        "gpus": live.plan.gpus,
        "seconds": top.seconds,
        "serving": asdict(top.serving) if isinstance(top.serving, Serving) else None,
        "serving_error": None if answered else top.serving,
        "workers": [{**asdict(worker), "kv_use": worker.kv_use, "spread": worker.spread} for worker in top.workers],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _serving(said: Serving) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    rows = {
        "requests": f"{said.requests_per_second:.1f}/s · {said.in_flight} in flight · {said.waiting} waiting for their "
        f"first token · {said.requests} since the start",
        "errors": f"{said.errors_per_second:.1f}/s · {said.errors} since the start",
        "tokens": f"{said.tokens_per_second:.0f}/s · {said.tokens_per_second_per_gpu:.1f}/s per GPU",
        "first token": _latency(said.ttft),
        "between tokens": _latency(said.itl),
    }
    for name, shown in rows.items():
        table.add_row(name, shown)
    return table


def _latency(found: Latency) -> str:
    if found.p50_ms is None or found.p95_ms is None:
        return "no request yet"
    over = " (since the start)" if found.over == "start" else ""
    return f"p50 {found.p50_ms:.1f} ms · p95 {found.p95_ms:.1f} ms{over}"


def _workers(workers: Sequence[Worker]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("worker")
    balance = any(worker.balancedness is not None for worker in workers)
    columns = ("running", "queued", "tokens/s", "KV cache", "busiest rank", "failed transfers")
    for name in (*columns, *(("balancedness",) if balance else ())):
        table.add_column(name, justify="right")
    for each in workers:
        cells = [f"{each.running}", f"{each.queued}", f"{each.tokens_per_second:.0f}", _share(each.kv_use)]
        cells += [f"{each.spread:.1f} × mean" if each.spread else "-", f"{each.failed_transfers}"]
        cells += [f"{each.balancedness:.2f}" if each.balancedness is not None else "-"] if balance else []
        table.add_row(each.place, *cells)
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
