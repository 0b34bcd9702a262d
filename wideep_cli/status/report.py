"""A snapshot as a screen of text, and as JSON."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep.settings.layout import Role
from wideep.text import duration
from wideep_cli.deployment import DeployedGraph
from wideep_cli.plan.view import headline
from wideep_cli.status.frontend import Figures, FrontendView
from wideep_cli.status.snapshot import Row, Snapshot, State
from wideep_cluster.podstate import Phase

__all__ = ["Watched", "status_json", "status_text"]

Watched = tuple[Snapshot, FrontendView | str]
"""What the cluster reports, and what the frontend reports or why it does not."""

COLOURS = {
    Phase.READY: "green",
    Phase.FAILED: "red",
    Phase.LOADING: "yellow",
    Phase.STARTING: "yellow",
    Phase.UNSCHEDULED: "magenta",
    Phase.ENDING: "dim",
}
STATE_COLOURS = {State.READY: "green", State.FAILED: "red", State.WAITING: "yellow", State.ABSENT: "red"}


def status_text(live: DeployedGraph, seen: Watched, *, rate: float | None = None) -> RenderableType:
    """Render a status as text. ``rate``: requests per second since the previous look; None if there was none."""
    snapshot, frontend = seen
    state = Text(snapshot.state, style=f"bold {STATE_COLOURS[snapshot.state]}")
    counted = f", {snapshot.ready_pods} of {snapshot.expected} pods ready{_waited(live, snapshot)}. "
    title = Text.assemble(f"graph {live.plan.name} in {live.plan.namespace}: ", state, counted, snapshot.says)
    blocks: list[RenderableType] = [Text(headline(live.loaded), style="bold"), title, Text()]
    if snapshot.rows:
        blocks += [_pods(snapshot.rows), Text()]
    return Group(*blocks, _lines(snapshot, frontend, rate))


def _waited(live: DeployedGraph, snapshot: Snapshot) -> str:
    if snapshot.state is not State.WAITING or not snapshot.seconds:
        return ""
    return f" after {duration(snapshot.seconds)} of at most {duration(live.plan.ready_timeout_seconds)}"


def _pods(rows: tuple[Row, ...]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("pod", "node"):
        table.add_column(name, no_wrap=True)
    for name in ("GPUs", "restarts"):
        table.add_column(name, justify="right")
    table.add_column("state", no_wrap=True)
    table.add_column("waits for")
    for row in rows:
        pod, condition = row.member.pod, row.condition
        table.add_row(
            row.member.place,
            pod.spec.node_name or "–",
            str(pod.gpus or "–"),
            str(pod.restarts),
            Text(condition.phase, style=COLOURS[condition.phase]),
            Text(condition.reason),
        )
    return table


def _lines(snapshot: Snapshot, frontend: FrontendView | str, rate: float | None) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row("operator", Text(snapshot.operator))
    if snapshot.download:
        grid.add_row("download", Text(snapshot.download))
    if isinstance(frontend, str):
        grid.add_row("frontend", Text(frontend))
    else:
        workers = " and ".join(f"{count} {role}" for role, count in frontend.workers.items())
        models = ", ".join(frontend.models) or "no model"
        grid.add_row("frontend", Text(f"{workers} workers registered; it serves {models}"))
        if frontend.figures:
            grid.add_row("requests", Text(_figures(frontend.figures, rate)))
    for line in snapshot.unseen:
        grid.add_row("not seen", Text(line))
    return grid


def _figures(figures: Figures, rate: float | None) -> str:
    parts = [f"{figures.requests} answered, {figures.inflight} in flight"]
    parts += [f"{rate:.1f}/s"] if rate is not None else []
    parts += [f"TTFT {figures.ttft_ms:.0f} ms"] if figures.ttft_ms is not None else []
    parts += [f"ITL {figures.itl_ms:.1f} ms"] if figures.itl_ms is not None else []
    if figures.input_tokens is not None and figures.output_tokens is not None:
        parts.append(f"{figures.input_tokens:.0f} tokens in, {figures.output_tokens:.0f} out")
    return " · ".join(parts) + (" (means since the frontend started)" if figures.requests else "")


def status_json(live: DeployedGraph, seen: Watched) -> str:
    """Render everything as JSON. ``frontend`` is null if it does not respond; ``frontend_error`` then says why."""
    snapshot, frontend = seen
    answered = isinstance(frontend, FrontendView)
    content = {
        "state": snapshot.state,
        "says": snapshot.says,
        "graph": live.plan.name,
        "namespace": live.plan.namespace,
        "model": live.plan.model,
        "age_seconds": round(snapshot.seconds),
        "ready_timeout_seconds": live.plan.ready_timeout_seconds,
        "pods_ready": snapshot.ready_pods,
        "pods_expected": snapshot.expected,
        "pods": [_pod(row) for row in snapshot.rows],
        "operator": snapshot.operator,
        "download": snapshot.download or None,
        "frontend": _frontend(frontend) if answered else None,
        "frontend_error": None if answered else frontend,
        "not_seen": list(snapshot.unseen),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _pod(row: Row) -> dict[str, object]:
    member, pod = row.member, row.member.pod
    return {
        "place": member.place,
        "component": member.component,
        "worker": member.worker,
        "rank": max(member.rank, 0),
        "pod": pod.name,
        "node": pod.spec.node_name or None,
        "gpus": pod.gpus,
        "restarts": pod.restarts,
        "phase": row.condition.phase,
        "reason": row.condition.reason or None,
    }


def _frontend(view: FrontendView) -> dict[str, object]:
    figures = view.figures
    return {
        "workers": {role: view.workers.get(role, 0) for role in Role},
        "models": list(view.models),
        "requests": figures.requests if figures else None,
        "inflight": figures.inflight if figures else None,
        "ttft_ms": figures.ttft_ms if figures else None,
        "itl_ms": figures.itl_ms if figures else None,
        "input_tokens": figures.input_tokens if figures else None,
        "output_tokens": figures.output_tokens if figures else None,
    }
