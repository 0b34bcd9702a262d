"""The ``logs`` command and its options."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import CallError, ExitCode
from wideep_cli.logs.roles import LogRole
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

if TYPE_CHECKING:
    import re

    from wideep_cli.logs.lines import Line
    from wideep_cli.logs.source import Source
    from wideep_cluster import Cluster

__all__ = ["EXAMPLE", "logs"]

EXAMPLE = "Example: [bold]wideep logs --role decode --grep eplb --follow[/bold]"
TAIL, TAIL_GREP, TAIL_FOLLOW = 50, 10_000, 10
COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")

Role = Annotated[
    LogRole | None,
    typer.Option("--role", "-r", metavar="ROLE", help=f"{', '.join(LogRole)}. \\[default: all pods of the graph]"),
]
Grep = Annotated[
    str | None,
    typer.Option(
        "--grep", "-g", metavar="REGEX", help="Show only lines that match this regular expression, ignoring case."
    ),
]
Follow = Annotated[bool, typer.Option("--follow", help="Follow the logs.")]
Tail = Annotated[
    int | None,
    typer.Option(
        "--tail",
        "-n",
        min=0,
        max=1_000_000,
        help=f"Last lines of each pod. \\[default: {TAIL}; to grep in {TAIL_GREP}]",
    ),
]
Previous = Annotated[
    bool, typer.Option("--previous", "-p", help="Logs of the previous container, before its last restart.")
]


def logs(
    role: Role = None,
    grep: Grep = None,
    follow: Follow = False,
    tail: Tail = None,
    previous: Previous = False,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Show logs by role, pods side by side, each line with its worker and rank. Exit code 1: no line."""
    from wideep_cli.deployment import find_live
    from wideep_cli.logs.lines import pattern, written
    from wideep_cli.logs.source import sources

    if follow and previous:
        raise CallError(
            "--follow and --previous exclude each other.", "A container that has exited writes no more logs."
        )
    wanted = pattern(grep)
    live = find_live(stack, file)
    found = sources(live, role)
    if follow:
        _follow(live.cluster, found, TAIL_FOLLOW if tail is None else tail, wanted, output)
        return
    lines, silent = written(live.cluster, found, tail or (TAIL_GREP if grep else TAIL), previous, wanted)
    for place in silent:
        say(f"{place} has no log{' of a container before this one' if previous else ' yet'}.")
    if output is OutputFormat.JSON:
        answer(json.dumps({"lines": [asdict(line) for line in lines]}, indent=2, ensure_ascii=False))
    else:
        _show(lines, found)
    if not lines:
        raise typer.Exit(ExitCode.FAILED)


def _follow(
    cluster: Cluster, found: tuple[Source, ...], tail: int, wanted: re.Pattern[str] | None, output: OutputFormat
) -> None:
    """Show lines until all containers have exited, or Ctrl-C; as JSON, one object per line.

    Exit with code 1 if no log could be read.
    """
    from wideep_cli.logs.lines import followed
    from wideep_cluster import ClusterError

    refused = 0
    for item in followed(cluster, found, tail, wanted):
        if isinstance(item, ClusterError):
            refused += 1
            say(str(item))
        elif output is OutputFormat.JSON:
            answer(json.dumps(asdict(item), ensure_ascii=False))
        else:
            _show([item], found)
    if refused == len(found):
        raise typer.Exit(ExitCode.FAILED)
    say("All of these containers have exited.")


def _show(lines: list[Line], found: tuple[Source, ...]) -> None:
    """Print each line after its place; in a terminal each place has a colour of its own."""
    from rich.text import Text

    from wideep_cli.screen import Screen

    console = Screen(highlight=False, soft_wrap=True)
    places = sorted({source.place for source in found})
    width = max(len(place) for place in places)
    for line in lines:
        colour = COLOURS[places.index(line.place) % len(COLOURS)]
        console.print(Text.assemble((f"{line.place:<{width}} │ ", colour), line.text))
