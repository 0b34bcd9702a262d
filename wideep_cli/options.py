"""Options that several verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Backend", "Debug", "File", "Gpu", "Measured", "Model", "Output", "OutputFormat", "RoleOption", "Stack"]


class OutputFormat(StrEnum):
    """Output format."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", help="A stack of this project. \\[default: the selected one]"),
]
File = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="Pulumi.NAME.yaml", help="A stack file, instead of --stack."),
]
Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="Output format.")]
Measured = Annotated[
    bool,
    typer.Option(
        "--measured", help="Beside the data sheet, what `wideep burnin` measured: asks the cluster for its figures."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
RoleOption = Annotated[str | None, typer.Option("--role", "-r", metavar="prefill|decode", help="Only this role.")]
Model = Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Model name from the catalog.")]
Gpu = Annotated[str | None, typer.Option("--gpu", metavar="GPU", help="GPU name from the catalog, for example H200.")]
Backend = Annotated[
    str | None,
    typer.Option("--backend", metavar="ENGINE", help="sglang, vllm, trtllm or all; without it, the stack's engine."),
]
