"""The verb ``layouts`` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from wideep_cli.console import answer
from wideep_cli.options import Backend, Debug, File, Gpu, Model, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "layouts"]

EXAMPLE = "Example: [bold]wideep layouts --gpus 48 --gpu H200 --model deepseek-ai/DeepSeek-R1[/bold]"

Gpus = Annotated[int | None, typer.Option("--gpus", min=1, help="List all valid layouts for this number of GPUs.")]
PerNode = Annotated[int | None, typer.Option("--gpus-per-node", min=1, max=72, help="GPUs per node.")]


def layouts(
    model: Model = None,
    gpu: Gpu = None,
    gpus: Gpus = None,
    gpus_per_node: PerNode = None,
    backend: Backend = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """List the presets, or all valid layouts for a number of GPUs, with memory and KV cache per GPU."""
    from wideep_cli.layouts.question import ALL, question, questions, require_searchable

    require_searchable(gpus)
    asked = question(model, gpu, gpus_per_node, stack, file, backend)
    if backend and backend.lower() == ALL:
        from wideep_cli.layouts.engines import engines_report

        answer(engines_report(questions(asked), gpus, output))
        return
    if gpus:
        from wideep_cli.layouts.legal import legal_report

        answer(legal_report(asked, gpus, output))
        return
    from wideep_cli.layouts.presets import preset_rows
    from wideep_cli.layouts.table import presets_report

    answer(presets_report(preset_rows(asked), asked, output))
