"""The verb ``models`` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from wideep_cli.console import answer
from wideep_cli.options import Debug, Output, OutputFormat

__all__ = ["EXAMPLE", "models"]

EXAMPLE = "Example: [bold]wideep models --gpu H100-80[/bold]"

Gpu = Annotated[str, typer.Option("--gpu", metavar="GPU", help="GPU name from the catalog, for example H200.")]


def models(gpu: Gpu = "H200", output: Output = OutputFormat.TEXT, debug: Debug = False) -> None:
    """List the catalog's models: experts, size of the weights, and the engines and presets that run each."""
    from wideep_cli.models.report import models_report
    from wideep_cli.models.table import model_rows

    rows = model_rows(gpu)
    answer(models_report(rows, gpu, output))
