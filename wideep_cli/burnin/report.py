"""A burn-in as tables and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep.burnin.bounds import Reach, reach
from wideep.burnin.figures import Collective, GpuFigure, Load, Measured
from wideep.burnin.links import Place, pairs
from wideep.burnin.units import rate
from wideep.catalog import gpu_spec
from wideep.settings import Settings
from wideep_cluster.burnin.outcome import Outcome

__all__ = ["Answer", "burnin_json", "burnin_text"]

FIGURES = {"memory": "memory", "bf16": "bf16", "fp8": "FP8", "expert": "expert at decode"}
MOST_IN_A_MATRIX = 16
"""Up to this many GPUs, every link is shown."""


@dataclass(frozen=True)
class Answer:
    """What was measured, and what it means. ``skipped``: sentences about nodes that were not measured."""

    settings: Settings
    found: Outcome
    skipped: tuple[str, ...]

    @property
    def bounds(self) -> tuple[Reach, ...]:
        """The bounds of each role; empty if no GPU was measured."""
        return tuple(reach(self.settings, self.found.nodes))


def burnin_text(told: Answer) -> RenderableType:
    """Render GPUs, links and collectives, then the bounds, then what falls short."""
    parts: list[RenderableType] = [_gpus(told), Text()] if told.found.measured.of(GpuFigure) else []
    parts += [_matrix(told.found.measured), Text()] if pairs(told.found.measured) else []
    parts += [_collectives(told.found.measured), Text()] if told.found.measured.of(Collective) else []
    parts += [Text(str(each)) for each in told.bounds]
    verdicts = [Text(f"! {verdict.text}") for verdict in told.found.verdicts] or [Text("No problem found.")]
    return Group(*parts, *verdicts, *(Text(f"? {line}") for line in told.skipped))


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in columns:
        table.add_column(name)
    return table


def _gpus(told: Answer) -> Table:
    """Render a line per GPU, then the median of all and the data sheet."""
    table = _table("node", "GPU", *FIGURES.values(), "under load")
    by_gpu: dict[Place, dict[str, float]] = {}
    for figure in told.found.measured.of(GpuFigure):
        by_gpu.setdefault((figure.node, figure.gpu), {})[figure.what] = figure.value
    loads = {(load.node, load.gpu): load for load in told.found.measured.of(Load)}
    for (node, gpu), values in sorted(by_gpu.items()):
        table.add_row(node, str(gpu), *_cells(values), _load(loads.get((node, gpu))))
    each = {what: [values[what] for values in by_gpu.values() if what in values] for what in FIGURES}
    if by_gpu:
        table.add_row("median", "", *_cells({what: median(values) for what, values in each.items() if values}), "")
    peaks = gpu_spec(told.settings.hardware.gpu).peaks
    if peaks:
        table.add_row("data sheet", "", *_cells({"memory": peaks.hbm, "bf16": peaks.bf16, "fp8": peaks.fp8}), "")
    return table


def _cells(values: dict[str, float]) -> list[str]:
    return [rate(what, values[what]) if what in values else "–" for what in FIGURES]


def _load(load: Load | None) -> str:
    if load is None or load.sm_mhz is None:
        return "–"
    return f"{load.sm_mhz:.0f} MHz, {load.watts:.0f} W, {load.temperature:.0f} °C"


def _matrix(measured: Measured) -> Table:
    """Render the GB/s between each two GPUs in the slower direction; for many GPUs, only the slowest links."""
    found = pairs(measured)
    places = sorted({place for pair in found for place in pair})
    nodes = list(dict.fromkeys(node for node, _ in places))
    short = {place: f"{nodes.index(place[0])}.{place[1]}" if len(nodes) > 1 else str(place[1]) for place in places}
    if len(places) > MOST_IN_A_MATRIX:
        table = _table("slowest links", "GB/s")
        for (one, other), value in sorted(found.items(), key=lambda item: item[1] or 0.0)[:MOST_IN_A_MATRIX]:
            table.add_row(f"{one[0]} GPU {one[1]} ↔ {other[0]} GPU {other[1]}", _gb(value))
        return table
    table = _table("GB/s", *short.values())
    for place in places:
        row = [_gb(found[min(place, to), max(place, to)]) if _tried(found, place, to) else "" for to in places]
        table.add_row(short[place], *row)
    if len(nodes) > 1:
        table.caption = ", ".join(f"{number}: {node}" for number, node in enumerate(nodes))
    return table


def _tried(found: dict[tuple[Place, Place], float | None], one: Place, other: Place) -> bool:
    return (min(one, other), max(one, other)) in found


def _gb(value: float | None) -> str:
    return "none" if value is None else f"{value / 1e9:.3g}"


def _collectives(measured: Measured) -> Table:
    table = _table("all at once (NCCL)", "nodes", "GPUs", "bytes", "time", "rate")
    for each in measured.of(Collective):
        time = f"{each.seconds * 1e6:.0f} µs"
        table.add_row(
            f"{each.what}, {each.of}", each.node, str(each.ranks), f"{each.bytes:,}", time, rate("", each.value)
        )
    return table


def burnin_json(told: Answer) -> str:
    """Render the same as JSON: rates in bytes and operations per second, times in seconds."""
    content = {
        "holds": not told.found.verdicts,
        "findings": [asdict(verdict) for verdict in told.found.verdicts],
        "skipped": list(told.skipped),
        "bounds": [asdict(each) for each in told.bounds],
        "lines": [line.model_dump() for line in told.found.measured.lines],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
