"""The catalog as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from wideep.catalog.layouts import preset_gpus
from wideep.settings.backend import Backend
from wideep.settings.layout import Preset
from wideep_cli.markdown import table as markdown_table
from wideep_cli.models.table import ModelRow
from wideep_cli.options import OutputFormat

__all__ = ["models_report"]

HEAD = ("model", "params", "experts", "GB", "format", *map(str, Backend))
WIDE = 98
"""The width of the whole table, in columns of the terminal."""
LONGEST = 37
"""The longest name that fits into 80 columns beside the rest."""
NOTE = (
    "experts: routed + shared / active per token. none: no preset fits. --output json lists all that do. `wideep "
    "layouts --model MODEL --gpu GPU` says why one does not; with --gpus N it lists other layouts. Another model: "
    "model: {config: PATH} of its config.json (docs/bring-your-own.md)."
)


def models_report(rows: Sequence[ModelRow], gpu: str, output: OutputFormat) -> RenderableType:
    """Return the models in the requested output format."""
    match output:
        case OutputFormat.JSON:
            body = {"gpu": gpu, "models": [_object(row) for row in rows]}
            return json.dumps(body, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            title = f"**Models**, and for each engine the fewest {gpu} that a preset runs it on"
            return f"{title}\n\n{markdown_table(HEAD, [_cells(row) for row in rows])}\n\n{NOTE}"
        case OutputFormat.TEXT:
            title = f"Models, and for each engine the fewest {gpu} that a preset runs it on\n"
            return Group(Text(title, style="bold"), _Rows(rows), Text(f"\n{NOTE}", style="dim"))


@dataclass(frozen=True)
class _Rows:
    """The table of models, without parameters on a narrow terminal, so that names stay in one piece for copying."""

    rows: Sequence[ModelRow]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        del console
        yield _table(self.rows, wide=options.max_width >= WIDE)


def _table(rows: Sequence[ModelRow], wide: bool) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2 if wide else 1, 0, 0), pad_edge=False)
    shown = [place for place, name in enumerate(HEAD) if wide or name != "params"]
    for place in shown:
        left = HEAD[place] in ("model", "format")
        table.add_column(HEAD[place], justify="left" if left else "right", overflow="fold", no_wrap=place > 0)
    for row in rows:
        name, *cells = _cells(row)
        whole = name if wide or len(name) <= LONGEST else name.replace("/", "/\n")
        table.add_row(*([whole, *cells][place] for place in shown))
    return table


def _cells(row: ModelRow) -> list[str]:
    shape = row.shape
    shared = f"+{shape.shared_experts}" if shape.shared_experts else ""
    return [
        shape.name,
        f"{row.parameters / 1e9:,.0f} B",
        f"{shape.experts}{shared}/{shape.experts_per_token}",
        f"{row.weights_gb:,.0f}",
        str(shape.weight_format),
        *(_smallest(names) for names in row.presets.values()),
    ]


def _smallest(presets: Sequence[str]) -> str:
    return str(preset_gpus(Preset(presets[0]))) if presets else "none"


def _object(row: ModelRow) -> dict[str, object]:
    shape = row.shape
    return {
        "name": shape.name,
        "family": str(shape.family),
        "parameters": round(row.parameters),
        "experts": shape.experts,
        "shared_experts": shape.shared_experts,
        "experts_per_token": shape.experts_per_token,
        "weight_format": str(shape.weight_format),
        "weights_gb": round(row.weights_gb, 1),
        "context_length": shape.context_length,
        "presets": {str(backend): list(names) for backend, names in row.presets.items()},
    }
