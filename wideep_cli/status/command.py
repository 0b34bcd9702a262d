"""The ``status`` command and its options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

if TYPE_CHECKING:
    from wideep_cli.deployment import DeployedGraph
    from wideep_cli.status.watch import Look

__all__ = ["EXAMPLE", "status"]

EXAMPLE = "Example: [bold]wideep status --stack prod --watch[/bold]"

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Watch until the graph is ready or has failed.")]


def status(
    watch: Watch = False,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Show the graph: pods by role, what each waits for, registered workers, latencies. Exit code 0 if ready."""
    from wideep_cli.deployment import find_live
    from wideep_cli.status.report import status_json, status_text
    from wideep_cli.status.snapshot import State
    from wideep_cli.status.watch import Look, look, looks

    live = find_live(stack, file)
    quiet = output is OutputFormat.JSON
    last = _watched(live, looks(live), quiet=quiet) if watch else Look(look(live))
    if output is OutputFormat.JSON:
        answer(status_json(live, last.seen))
    elif not (watch and sys.stdout.isatty()):
        answer(status_text(live, last.seen))
    if last.seen[0].state is not State.READY:
        raise typer.Exit(ExitCode.FAILED)


def _watched(live: DeployedGraph, seen: Iterator[Look], *, quiet: bool) -> Look:
    """Return the last look. In a terminal, draw each over the one before; otherwise, say on stderr what changes."""
    from rich.live import Live as Display

    from wideep.text import duration
    from wideep_cli.screen import Screen
    from wideep_cli.status.report import status_text

    last: Look | None = None
    if sys.stdout.isatty() and not quiet:
        with Display(console=Screen(highlight=False), auto_refresh=False) as screen:
            for last in seen:
                screen.update(status_text(live, last.seen, rate=last.rate), refresh=True)
    else:
        told = ""
        for last in seen:
            snapshot = last.seen[0]
            if snapshot.says != told:
                told = snapshot.says
                say(f"{duration(snapshot.seconds)}: {snapshot.ready_pods} of {snapshot.expected} pods ready. {told}")
    if last is None:
        raise typer.Abort
    return last
