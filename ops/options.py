"""The options that all verbs share, and where the command keeps what was chosen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Debug", "File", "Output", "OutputFormat", "Stack", "debug", "output_format"]


class OutputFormat(StrEnum):
    """How the answer is written to stdout."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def _keep(context: typer.Context, parameter: typer.CallbackParam, value: object) -> object:
    """Leave the option where the error handler of the whole command finds it."""
    context.meta[f"wideep.{parameter.name}"] = value
    return value


def output_format(context: typer.Context) -> OutputFormat:
    """The ``--output`` of the running verb."""
    return context.meta.get("wideep.output", OutputFormat.TEXT)


def debug(context: typer.Context) -> bool:
    """The ``--debug`` of the running verb."""
    return bool(context.meta.get("wideep.debug", False))


Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", help="A stack of this project. [default: the selected one]"),
]
File = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="Pulumi.NAME.yaml", help="A stack's file, in place of --stack."),
]
Output = Annotated[
    OutputFormat,
    typer.Option("--output", "-o", callback=_keep, is_eager=True, help="How the answer is written to stdout."),
]
Debug = Annotated[
    bool, typer.Option("--debug", callback=_keep, is_eager=True, help="Show the traceback of an error.")
]
