"""Every legal layout for a number of GPUs, as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wideep.enumerate import Enumeration, LayoutOption, LeftOut, RoleOption, layouts
from wideep.settings.backend import Backend
from wideep.settings.layout import RoleLayout
from wideep_cli.layouts.question import Question
from wideep_cli.layouts.served import strongest
from wideep_cli.markdown import table as markdown_table
from wideep_cli.options import OutputFormat
from wideep_cli.plan.view import all_to_all, thousands

__all__ = ["legal_report", "sizes"]

SHOWN = 15
"""The most layouts in text and Markdown; JSON has all of them."""
COLUMNS = ("decode", "KV tokens", "weights GB", "prefill", "KV tokens", "weights GB")
KEYS = ("nodes", "gpus_per_node", "tp", "dp", "ep", "redundant_experts")


def legal_report(asked: Question, gpus: int, output: OutputFormat) -> RenderableType:
    """Return the layouts, best first, and why others are left out."""
    found = layouts(asked.model, asked.hardware, gpus, engine=asked.engine)
    title = f"{asked.model.name} on {gpus} × {asked.hardware.gpu}, nodes of {asked.hardware.gpus_per_node}{asked.by}"
    strong = strongest(gpus, asked.model, asked.hardware.gpu) if asked.backend is Backend.SGLANG else None
    counted = f"{_count(found)} {strong}" if strong else _count(found)
    match output:
        case OutputFormat.JSON:
            return json.dumps(_object(asked, gpus, found), indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            rows = [_cells(option) for option in found.layouts[:SHOWN]]
            reasons = "\n".join(f"- {_reason(left)}" for left in found.left_out)
            return f"**{title}**: {counted}\n\n{markdown_table(COLUMNS, rows)}\n\nLeft out:\n\n{reasons}"
        case OutputFormat.TEXT:
            return _text(title, counted, found)


def _text(title: str, counted: str, found: Enumeration) -> RenderableType:
    blocks: list[RenderableType] = [Text(title, style="bold"), Text(f"{counted}\n")]
    if found.layouts:
        table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
        for name in COLUMNS:
            is_layout = name in ("decode", "prefill")
            table.add_column(name.replace(" ", "\n"), justify="left" if is_layout else "right", no_wrap=not is_layout)
        for option in found.layouts[:SHOWN]:
            table.add_row(*_cells(option))
        blocks += [table, Text("\nThe first one as stack config:", style="bold")]
        blocks.append(_indented(_config(found.layouts[0])))
    if found.left_out:
        blocks.append(Text("\nLeft out", style="bold"))
        blocks += [_indented(_reason(left)) for left in found.left_out]
    return Group(*blocks)


def _indented(text: str) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, 2))


def _count(found: Enumeration) -> str:
    count = len(found.layouts)
    if not count:
        return "No valid layout: no combination of valid prefill and decode workers uses exactly this number of GPUs."
    words = "1 valid layout" if count == 1 else f"{count} valid layouts"
    order = f"{words}, the most KV cache for decode first" + (f"; the first {SHOWN}" if count > SHOWN else "")
    return f"{order}. KV cache is not speed: `wideep advise` finds what serves most."


def _cells(option: LayoutOption) -> list[str]:
    return [cell for role in (option.decode, option.prefill) for cell in _role_cells(role)]


def _role_cells(option: RoleOption) -> tuple[str, str, str]:
    return sizes(option.role), thousands(option.kv_tokens), f"{option.memory.weights_gb:.1f}"


def sizes(role: RoleLayout) -> str:
    """Format a role as ``2 × TP16 DP16 EP16 R32 DeepEP``: workers, and each size that is not plain TP."""
    parts = [f"{role.replicas} × TP{role.tp}"]
    parts += [f"DP{role.dp}"] if role.dp > 1 else []
    parts += [f"EP{role.ep}"] if role.ep > 1 else []
    parts += [f"R{role.redundant_experts}"] if role.redundant_experts else []
    parts += ["DeepEP"] if role.deepep else []
    return " ".join(parts)


def _reason(left: LeftOut) -> str:
    workers = "1 worker" if left.count == 1 else f"{left.count} workers"
    return f"{workers}: {left.rule}, for example {left.example}"


def _config(option: LayoutOption) -> str:
    """Return the layout as a stack file has it, without defaults."""
    roles = {name: role.model_dump(mode="json", by_alias=True, exclude_defaults=True) for name, role in _roles(option)}
    return yaml.safe_dump({"dynamo-wideep:layout": roles}, default_flow_style=None, width=90, sort_keys=False).rstrip()


def _roles(option: LayoutOption) -> Iterator[tuple[str, RoleLayout]]:
    yield "prefill", option.prefill.role
    yield "decode", option.decode.role


def _object(asked: Question, gpus: int, found: Enumeration) -> dict[str, object]:
    return {
        "model": asked.model.name,
        "gpu": str(asked.hardware.gpu),
        "gpus_per_node": asked.hardware.gpus_per_node,
        "gpus": gpus,
        "layouts": [{"prefill": _role_object(o.prefill), "decode": _role_object(o.decode)} for o in found.layouts],
        "left_out": [{"rule": left.rule, "count": left.count, "example": left.example} for left in found.left_out],
    }


def _role_object(option: RoleOption) -> dict[str, object]:
    role = option.role
    return {
        "replicas": role.replicas,
        **{key: getattr(role, key) for key in KEYS},
        "all_to_all": all_to_all(role),
        "weights_gb": round(option.memory.weights_gb, 3),
        "kv_cache_gb": round(option.memory.kv_cache_gb, 3),
        "kv_cache_tokens": option.memory.kv_cache_tokens,
        "kv_tokens_of_all_workers": option.kv_tokens,
    }
