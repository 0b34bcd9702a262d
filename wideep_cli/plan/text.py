"""A plan as text for one screen of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wideep.rules import RoleContext
from wideep.rules.fit import OTHERWISE
from wideep.rules.remedies import LEAST_GAIN_GB, for_cache, for_outside
from wideep.rules.remedy import Remedy
from wideep_cli.plan.experts_file import starts_recorded
from wideep_cli.plan.view import (
    RoleView,
    all_to_all,
    headline,
    memory_shares,
    on_one_line,
    role_views,
    thousands,
    weight_lines,
)
from wideep_cli.stack_context import StackContext

__all__ = ["block", "labelled", "plan_text"]

BAR_WIDTH = 40
"""Columns of the memory bar: with its role and contexts it fits 80 columns, since a cut bar would show another
share."""
INKS = {
    "experts": ("█", "green"),
    "other weights": ("▓", "cyan"),
    "KV cache": ("▒", "yellow"),
    "outside the pool": ("░", "bright_black"),
    "CUDA and NCCL": ("·", "bright_black"),
}
"""Glyph and colour of each segment of the memory bar; the glyphs alone suffice to tell the segments apart."""


def plan_text(loaded: StackContext) -> RenderableType:
    """Return the whole report."""
    views = role_views(loaded)
    blocks: list[RenderableType] = [Text(headline(loaded), style="bold"), _roles(views)]
    blocks += block(f"Memory of a GPU ({views[0].gpu.memory_gb:.1f} GB, decimal)", _memory(views))
    blocks += block("Where the experts are", [_by_role(views, _experts)])
    blocks += block("Engine arguments", [_by_role(views, lambda view: " ".join(view.plan.args))])
    for config in loaded.plan.engine_configs:
        for name, text in config.files.items():
            blocks += block(f"{name} of {config.role}", [Text(text.rstrip())])
    if loaded.warnings:
        blocks += block("Warnings", [labelled(("!", on_one_line(warning)) for warning in loaded.warnings)])
    fullest = min(views, key=lambda view: view.memory.headroom_gb - view.needed_gb)
    smallest = min(views, key=lambda view: view.plan.kv_cache_tokens * view.plan.dp)
    blocks += block(f"If the engine runs out of memory ({fullest.role})", [_remedies(fullest, for_outside)])
    blocks += block(f"If the KV cache is too small ({smallest.role})", [_remedies(smallest, for_cache)])
    return Group(*blocks)


def block(title: str, lines: Sequence[RenderableType]) -> Iterator[RenderableType]:
    """Yield lines under a title; nothing if there are no lines."""
    if not lines:
        return
    yield Text(f"\n{title}", style="bold")
    yield Padding(Group(*lines), (0, 0, 0, 2))


def _roles(views: list[RoleView]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("role", "workers"):
        table.add_column(name, justify="left" if name == "role" else "right")
    for name in ("pods ×\nGPUs", "TP", "DP", "EP", "slots", "weights", "KV cache", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("all-to-all")
    for view in views:
        plan = view.plan
        table.add_row(
            view.role,
            plan.workers,
            f"{plan.pods} × {plan.gpus_per_pod}",
            *(str(size) for size in (plan.tp, plan.dp, plan.ep, plan.expert_slots_per_gpu)),
            f"{plan.weights_gb:.1f} GB",
            f"{plan.kv_cache_gb:.1f} GB",
            thousands(plan.kv_cache_tokens),
            all_to_all(view.layout),
        )
    return table


def _memory(views: list[RoleView]) -> list[RenderableType]:
    bars = Table.grid(padding=(0, 2, 0, 0))
    for view in views:
        bars.add_row(view.role, _bar(view), f"KV: {view.full_contexts:.1f} full contexts")
    legend = Text("  ").join(Text(f"{glyph} {name}", style=colour) for name, (glyph, colour) in INKS.items())
    taken = _by_role(views, lambda view: f"{view.memory.taken_gb:.1f} taken first by CUDA and NCCL")
    weights = _by_role(
        views, lambda view: " · ".join(f"{share.name} {share.gigabytes:.1f}" for share in weight_lines(view.memory))
    )
    outside = _by_role(
        views,
        lambda view: f"outside the pool {view.memory.headroom_gb:.1f}, needed by estimate {view.needed_gb:.1f}",
    )
    drafting = [view for view in views if view.site.headroom.draft_weights]
    return [bars, legend, taken, weights, outside, *([_by_role(drafting, _drafts)] if drafting else [])]


def _drafts(view: RoleView) -> str:
    """Return what speculative decoding takes of the memory outside the pool."""
    needed, drafting = view.site.headroom, view.layout.speculative
    given = drafting is not None and drafting.draft_gb is not None
    weights = "draft model with its KV cache (draftGb)" if given else "draft weights"
    cache = "KV cache of drafted tokens" if given else "draft KV cache"
    return f"of which {weights} {needed.draft_weights / 1e9:.1f} · {cache} {needed.draft_cache / 1e9:.1f}"


def _bar(view: RoleView) -> Text:
    """Return the memory bar, each segment as long as its share of the GPU's memory."""
    bar = Text()
    end = 0.0
    for share in memory_shares(view.memory):
        begin, end = end, end + share.gigabytes
        cells = [round(edge / view.gpu.memory_gb * BAR_WIDTH) for edge in (begin, end)]
        glyph, colour = INKS[share.name]
        bar.append(glyph * (cells[1] - cells[0]), style=colour)
    return bar


def _experts(view: RoleView) -> str:
    plan, experts = view.plan, view.model.experts
    slots = plan.expert_slots_per_gpu
    copies = f" + {plan.redundant_experts} redundant" if plan.redundant_experts else ""
    text = (
        f"{experts} experts{copies} over {plan.ep} EP ranks: {slots} slot{'s' * (slots > 1)} on each, "
        f"in each of {view.model.moe_layers} MoE layers. "
    )
    recorded = starts_recorded(view)
    if recorded:
        return (
            f"{text}They start as {recorded} on the volume says, which the engine checks at its start: "
            "`wideep plan --experts FILE` checks a copy of it."
        )
    text += f"Rank 0 holds {_held(range(slots), experts)}"
    if plan.ep > 1:
        last = range((plan.ep - 1) * slots, plan.ep * slots)
        text += f", rank {plan.ep - 1} {_held(last, experts)}"
    return text + "."


def _held(slots: range, experts: int) -> str:
    """Return the experts in a range of slots, as SGLang fills them at the start: slot i holds expert i mod E."""
    own = [slot for slot in slots if slot < experts]
    copies = [slot - experts for slot in slots if slot >= experts]
    parts = [_numbers("expert", own[0], own[-1])] if own else []
    if copies:
        parts.append(_numbers("copies of expert", copies[0] % experts, copies[-1] % experts))
    return " and ".join(parts)


def _numbers(what: str, first: int, last: int) -> str:
    return f"{what} {first}" if first == last else f"{what}s {first}–{last}"


def _by_role(views: list[RoleView], tell: Callable[[RoleView], str]) -> Table:
    """Return a text for each of these roles, or one for both if the texts are equal."""
    texts = {view.role: tell(view) for view in views}
    if len(texts) == 2 and len(set(texts.values())) == 1:
        return labelled([("both", texts[views[0].role])])
    return labelled(texts.items())


def labelled(lines: Iterable[tuple[str, str]]) -> Table:
    """Return a grid of texts that wrap, each to the right of its label."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for label, text in lines:
        grid.add_row(label, Text(text))
    return grid


def _remedies(view: RoleView, find: Callable[[RoleContext, float], list[Remedy]]) -> RenderableType:
    """Return a table of the changes that gain a few GB, each of which the plan accepts without a memory warning."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for remedy in find(view.site, LEAST_GAIN_GB):
        memory = remedy.memory
        table.add_row(
            remedy.stated,
            f"KV cache {memory.kv_cache_gb:.1f} GB, {thousands(memory.kv_cache_tokens)} tokens",
            f"outside the pool {memory.headroom_gb:.1f} GB",
        )
    return table if table.row_count else Text(OTHERWISE)
