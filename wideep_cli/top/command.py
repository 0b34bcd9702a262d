"""The ``top`` command and its options."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "top"]

EXAMPLE = "Example: [bold]wideep top --stack prod --interval 10[/bold]"

Once = Annotated[bool, typer.Option("--once", help="Show one interval and end, as in a pipe.")]
Interval = Annotated[float, typer.Option("--interval", "-i", min=1, max=300, help="Seconds between two looks.")]


def top(
    once: Once = False,
    interval: Interval = 5.0,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Show requests, tokens, latencies, KV cache and ranks from the pods' metrics, live. Exit code 1: no frontend."""
    from rich.live import Live as Display

    from wideep_cli.deployment import find_live
    from wideep_cli.screen import Screen
    from wideep_cli.top.figures import Serving
    from wideep_cli.top.look import figures, look
    from wideep_cli.top.report import top_json, top_text

    live = find_live(stack, file)
    before = look(live)
    if sys.stdout.isatty():
        say(f"Reading the metrics twice, {interval:g} s apart …")
    time.sleep(interval)
    now = look(live)
    if once or output is OutputFormat.JSON or not sys.stdout.isatty():
        seen = figures(live, before, now)
        answer(top_json(live, seen) if output is OutputFormat.JSON else top_text(live, seen))
        if not isinstance(seen.serving, Serving):
            raise typer.Exit(ExitCode.FAILED)
        return
    with Display(console=Screen(highlight=False), auto_refresh=False, screen=True) as shown:
        while True:  # until Ctrl-C
            shown.update(top_text(live, figures(live, before, now)), refresh=True)
            time.sleep(interval)
            before, now = now, look(live)
