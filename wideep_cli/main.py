"""The ``wideep`` command, which explains a Wide-EP stack before and after it is deployed."""

from __future__ import annotations

import atexit
import gc
import os
from typing import Annotated

import typer

from wideep_cli.verbs import STYLE, VerbGroup

__all__ = ["app", "main"]

app = typer.Typer(
    name="wideep",
    cls=VerbGroup,
    help="Wide expert parallelism on NVIDIA Dynamo: plan a stack, check it, and inspect the deployment.",
    epilog="Exit codes: 0 success, 1 a check failed, 2 invalid config or usage.",
    **STYLE,
)


def _version(asked: bool) -> None:
    if asked:
        from wideep_cli.version import print_version

        print_version()
        raise typer.Exit


@app.callback()
def _wideep(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn the typer app into a group, whose verbs VerbGroup provides."""


def main() -> None:
    """Run the command."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it reads each installed package's entry points
    atexit.register(gc.freeze)  # spares the exit a garbage collection of 0.05 s
    app()


if __name__ == "__main__":
    main()
