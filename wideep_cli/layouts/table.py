"""The presets as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wideep.errors import Problem
from wideep.memory import GpuMemory
from wideep.price import money
from wideep.settings.layout import Role
from wideep.text import shown_rate
from wideep_cli.layouts.presets import SOURCES, PresetRow
from wideep_cli.layouts.question import Question
from wideep_cli.layouts.served import Served
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cli.plan.view import thousands

__all__ = ["presets_report"]

COLUMNS = ("preset", "GPUs", "weights", "KV cache", "tokens/GPU", "weights", "KV cache", "tokens/GPU", "fits")
SERVED_TITLE = "Output tokens/s per GPU, and their share of the best layout with the same number of GPUs"


def presets_report(rows: Sequence[PresetRow], asked: Question, output: OutputFormat) -> RenderableType:
    """Return the table of presets in the requested output format."""
    model, gpu, price = asked.model.name, asked.hardware.gpu, asked.hardware.price_per_gpu_hour
    match output:
        case OutputFormat.JSON:
            body = {"model": model, "gpu": str(gpu), "presets": [_object(row, price) for row in rows]}
            return json.dumps(body, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            head = [name if i < 2 or i == 8 else f"{_role_of(i)} {name}" for i, name in enumerate(COLUMNS)]
            told = f"**{model}** on {gpu}{asked.by}\n\n" + markdown_table(head, [_cells(row) for row in rows])
            served = [row for row in rows if row.served]
            return f"{told}\n\n{_served_markdown(served, price)}" if served else told
        case OutputFormat.TEXT:
            return _text(rows, asked)


def _role_of(column: int) -> Role:
    return Role.PREFILL if column < 5 else Role.DECODE


def _text(rows: Sequence[PresetRow], asked: Question) -> RenderableType:
    model, gpu = asked.model.name, asked.hardware.gpu
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("preset", no_wrap=True)
    for index, name in enumerate(COLUMNS[1:-1], start=1):
        two_lines = name.replace(" ", "\n").replace("/", "\n/")
        table.add_column(name if index == 1 else f"{_role_of(index)}\n{two_lines}", justify="right", no_wrap=True)
    table.add_column("fits")
    for row in rows:
        table.add_row(*_cells(row))
    reasons = [_told(problem, presets) for problem, presets in _reasons(rows).items()]
    served = [row for row in rows if row.served]
    told = _served_text(served, asked.hardware.price_per_gpu_hour) if served else []
    return Group(Text(f"{model} on {gpu}{asked.by}, decimal GB on one GPU\n", style="bold"), table, *reasons, *told)


def _served_text(rows: Sequence[PresetRow], price: float | None) -> list[RenderableType]:
    """Return what the presets serve, and where each of them comes from."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for index, name in enumerate(_served_head(rows)):
        table.add_column(name.replace(", ", "\n"), justify="right" if index else "left")
    for row in rows:
        table.add_row(*_served_cells(row, price))
    return [Text(f"\n{_served_title(price)}\n", style="bold"), table, Text(f"\n{_served_note(rows)}", style="dim")]


def _served_markdown(rows: Sequence[PresetRow], price: float | None) -> str:
    body = markdown_table(_served_head(rows), [_served_cells(row, price) for row in rows])
    return f"{_served_title(price)}\n\n{body}\n\n{_served_note(rows)}"


def _served_head(rows: Sequence[PresetRow]) -> list[str]:
    return ["preset", *(f"{each.traffic.isl} in, {each.traffic.osl} out" for each in rows[0].served)]


def _served_title(price: float | None) -> str:
    if price is None:
        return SERVED_TITLE
    return f"{SERVED_TITLE}; cost per million output tokens at {price:g} per GPU hour"


def _served_cells(row: PresetRow, price: float | None) -> list[str]:
    return [row.preset, *(_served_cell(each, price) for each in row.served)]


def _served_cell(each: Served, price: float | None) -> str:
    figures = f"{shown_rate(each.tokens_per_second_per_gpu)}, {each.share_of_best:.0%}"
    return figures if price is None else f"{figures}; {money(each.price(price))}"


def _served_note(rows: Sequence[PresetRow]) -> str:
    shown = {row.preset.partition("-")[0] for row in rows}
    sources = "; ".join(f"{word}-* are {source}" for word, source in SOURCES.items() if word in shown)
    return (
        f"{sources}. Predicted by AIConfigurator 0.12.0 for ITL within 50ms and TTFT within 2s (8192 in: 5s): ratios "
        "hold better than the figures themselves. `wideep advise` finds the best for your GPUs and traffic."
    )


def _told(problem: Problem, presets: list[str]) -> RenderableType:
    """Return a problem under the names of the presets that have it."""
    key, *lines = str(problem).splitlines()
    told = [Padding(Text(line.strip()), (0, 0, 0, 2)) for line in lines]
    return Group(Text(f"\n{', '.join(presets)}: {key}"), *told)


def _reasons(rows: Sequence[PresetRow]) -> dict[Problem, list[str]]:
    """Return the most basic problem of each preset that does not fit, with all presets that have the same problem."""
    reasons: dict[Problem, list[str]] = {}
    for row in rows:
        for problem in row.problems[:1]:
            reasons.setdefault(problem, []).append(row.preset)
    return reasons


def _cells(row: PresetRow) -> list[str]:
    cells = [str(row.preset), str(row.gpus)]
    for role in Role:
        memory = row.memory.get(role)
        cells += _memory_cells(memory) if memory else ["–", "–", "–"]
    return [*cells, "no" if row.problems else "yes"]


def _memory_cells(memory: GpuMemory) -> list[str]:
    tokens = thousands(memory.kv_cache_tokens) if memory.kv_cache_tokens else "–"
    return [f"{memory.weights_gb:.1f} GB", f"{max(0.0, memory.kv_cache_gb):.1f} GB", tokens]


def _object(row: PresetRow, price: float | None) -> dict[str, object]:
    return {
        "preset": row.preset,
        "source": row.source,
        "gpus": row.gpus,
        "fits": not row.problems,
        "roles": {
            role: {
                "weights_gb": round(memory.weights_gb, 3),
                "kv_cache_gb": round(memory.kv_cache_gb, 3),
                "kv_cache_tokens": memory.kv_cache_tokens,
            }
            for role, memory in row.memory.items()
        },
        "problems": [
            {"key": problem.key, "value": problem.value, "rule": problem.rule, "fix": problem.fix}
            for problem in row.problems
        ],
        "served": [
            {
                "traffic": each.traffic.model_dump(mode="json"),
                "tokens_per_second_per_gpu": each.tokens_per_second_per_gpu,
                "share_of_best": round(each.share_of_best, 3),
                **({} if price is None else {"price_per_million_tokens": round(each.price(price), 4)}),
            }
            for each in row.served
        ],
    }
