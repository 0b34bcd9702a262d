"""``--backend all``: the same model and GPUs on each engine, with memory and missing features side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wideep.catalog.layouts import PRESETS, preset_gpus
from wideep.enumerate import LayoutOption, layouts
from wideep.memory import GpuMemory
from wideep.rules import RoleContext, check_role
from wideep.rules.arithmetic import arithmetic_problems
from wideep.settings.experts import DeepEpMode, MoeA2aBackend
from wideep.settings.layout import Preset, Role, RoleLayout
from wideep.settings.speculative import Speculative, SpeculativeAlgorithm
from wideep_cli.layouts.legal import sizes
from wideep_cli.layouts.question import Question
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cli.plan.view import thousands

__all__ = ["engines_report"]

COLUMNS: Final = ("layout", "engine", "decode", "weights", "KV tokens", "prefill", "weights", "KV tokens")
NOTE: Final = (
    "GB and KV tokens of one GPU. memFractionStatic is a share of the memory free before the weights on SGLang, "
    "of the whole GPU on vLLM, and of what weights and a step leave on TensorRT-LLM."
)
EMPTY: Final = "–"


@dataclass(frozen=True)
class Row:
    """One layout on one engine."""

    layout: str
    engine: str
    roles: dict[Role, tuple[RoleLayout, GpuMemory]]
    """The layout and memory of each role; empty if the layout does not run on the engine."""
    reason: str = ""
    """Why the layout does not run."""


def engines_report(asked: Sequence[Question], gpus: int | None, output: OutputFormat) -> RenderableType:
    """Return the report on all presets; with ``gpus``, on the presets with exactly that number and on each engine's
    layout with the most KV cache for decode."""
    rows = [row for preset in PRESETS if gpus in (None, preset_gpus(preset)) for row in _preset_rows(preset, asked)]
    if gpus:
        rows += [_best_row(each, gpus) for each in asked]
    lacking = {each.engine.release: list(lacks(each)) for each in asked}
    first = asked[0]
    count = f"{gpus} × " if gpus else ""
    title = f"{first.model.name} on {count}{first.hardware.gpu}, nodes of {first.hardware.gpus_per_node}"
    match output:
        case OutputFormat.JSON:
            body = {
                "model": first.model.name,
                "gpu": str(first.hardware.gpu),
                "gpus": gpus,
                "layouts": [_object(row) for row in rows],
                "lacks": lacking,
            }
            return json.dumps(body, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            body = markdown_table(COLUMNS, [_cells(row) for row in rows])
            return "\n\n".join((f"**{title}**", body, NOTE, _bullets(rows, lacking)))
        case OutputFormat.TEXT:
            return _text(title, rows, lacking)


def lacks(asked: Question) -> Iterator[str]:
    """Yield what an engine, by its own rules, cannot do with the model although another engine may."""
    family = asked.engine.family(asked.model.family)
    if asked.model.weight_format not in asked.engine.formats:
        yield f"{asked.model.weight_format} weights"
    if not family.expert_location:
        yield "EPLB and redundant experts"
    if asked.engine.recorder is None:
        yield "a record of the experts' use to start from (eplb.recorderMode, eplb.initialExpertLocation)"
    if not family.pipeline:
        yield "pipeline stages (pp)"
    for what, change in PROBES.items():
        if any(problem.key.endswith(f".{change[0]}") for problem in arithmetic_problems(_site(asked, change))):
            yield what


PROBES: Final[dict[str, tuple[str, dict[str, object]]]] = {
    "DeepEP (moeA2aBackend)": ("moeA2aBackend", {}),
    "attention groups of several GPUs (dp between 1 and tp)": ("dp", {"dp": 2}),
    "two batches that overlap (twoBatchOverlap)": ("twoBatchOverlap", {"two_batch_overlap": True}),
    "drafts (speculative)": ("speculative", {"speculative": Speculative(algorithm=SpeculativeAlgorithm.NEXTN)}),
}
"""For each feature, a key of a role and a change to a single-node worker that shows whether the engine supports it."""


def _site(asked: Question, change: tuple[str, dict[str, object]]) -> RoleContext:
    gpus = asked.hardware.gpus_per_node
    deepep = {"moe_a2a_backend": MoeA2aBackend.DEEPEP, "deepep_mode": DeepEpMode.LOW_LATENCY}
    role = RoleLayout(replicas=1, nodes=1, gpus_per_node=gpus, tp=gpus, dp=gpus, ep=gpus, moe_dense_tp=1)
    of = deepep if change[0] != "dp" else {"moe_dense_tp": None}
    changed = role.model_copy(update={**of, **change[1]})
    return RoleContext(Role.DECODE, changed, asked.model, asked.hardware, runs_on=asked.engine)


def _preset_rows(preset: Preset, asked: Sequence[Question]) -> Iterator[Row]:
    for each in asked:
        if preset.backend not in (None, each.backend):
            continue
        roles = PRESETS[preset]
        sites = {
            name: RoleContext(name, role, each.model, each.hardware, runs_on=each.engine)
            for name, role in roles.items()
        }
        problem = next((problem for site in sites.values() for problem in check_role(site)), None)
        if problem:
            yield Row(preset, each.engine.release, {}, f"{problem.key}: {problem.rule}")
        else:
            yield Row(preset, each.engine.release, {name: (site.role, site.memory) for name, site in sites.items()})


def _best_row(asked: Question, gpus: int) -> Row:
    found = layouts(asked.model, asked.hardware, gpus, engine=asked.engine)
    if not found.layouts:
        reason = found.left_out[0].example if found.left_out else "no worker fits"
        return Row("most KV cache", asked.engine.release, {}, reason)
    return Row("most KV cache", asked.engine.release, _roles(found.layouts[0]))


def _roles(option: LayoutOption) -> dict[Role, tuple[RoleLayout, GpuMemory]]:
    return {
        Role.PREFILL: (option.prefill.role, option.prefill.memory),
        Role.DECODE: (option.decode.role, option.decode.memory),
    }


def _cells(row: Row) -> list[str]:
    cells = [row.layout, row.engine]
    for name in (Role.DECODE, Role.PREFILL):
        if name not in row.roles:
            cells += [EMPTY] * 3
            continue
        role, memory = row.roles[name]
        cells += [sizes(role), f"{memory.weights_gb:.1f} GB", thousands(memory.kv_cache_tokens)]
    return cells


def _text(title: str, rows: Sequence[Row], lacking: dict[str, list[str]]) -> RenderableType:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in ("weights", "KV tokens") else "left")
    for row in rows:
        table.add_row(*_cells(row))
    told = [Padding(Text(line), (0, 0, 0, 2)) for line in _lines(rows, lacking)]
    return Group(Text(f"{title}\n", style="bold"), table, Text(f"\n{NOTE}\n", style="dim"), *told)


def _bullets(rows: Sequence[Row], lacking: dict[str, list[str]]) -> str:
    return "\n".join(f"- {line}" for line in _lines(rows, lacking))


def _lines(rows: Sequence[Row], lacking: dict[str, list[str]]) -> Iterator[str]:
    """Yield why layouts do not run on an engine, and what each engine lacks."""
    for row in rows:
        if row.reason:
            yield f"{row.layout} on {row.engine}: {row.reason}"
    for engine, missing in lacking.items():
        yield f"{engine} lacks: {'; '.join(missing)}" if missing else f"{engine} lacks none of these"


def _object(row: Row) -> dict[str, object]:
    return {
        "layout": row.layout,
        "engine": row.engine,
        "runs": bool(row.roles),
        "reason": row.reason,
        "roles": {
            name: {
                "sizes": sizes(role),
                "weights_gb": round(memory.weights_gb, 3),
                "kv_cache_gb": round(memory.kv_cache_gb, 3),
                "kv_cache_tokens": memory.kv_cache_tokens,
            }
            for name, (role, memory) in row.roles.items()
        },
    }
