"""The ``burnin`` command and its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "burnin"]

EXAMPLE = "Example: [bold]wideep burnin --quick[/bold]"


class Part(StrEnum):
    """What to measure."""

    MEMORY = "memory"
    COMPUTE = "compute"
    NVLINK = "nvlink"
    RDMA = "rdma"


Nodes = Annotated[
    str | None, typer.Option("--nodes", metavar="A,B", help="Only these nodes. \\[default: all free ones]")
]
Only = Annotated[
    Part | None,
    typer.Option(
        "--only", metavar="PART", help=f"Only this part: {', '.join(Part)}; rdma is whatever connects the nodes."
    ),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Take less than a minute once the image is pulled; skip some pairs of nodes.")
]
Timeout = Annotated[
    int, typer.Option("--timeout", min=60, max=7200, help="Seconds for the whole run, including the image pull.")
]


Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw the links as SVG or PNG, one cell per pair of GPUs.")
]


def burnin(
    nodes: Nodes = None,
    only: Only = None,
    quick: Quick = False,
    timeout: Timeout = 1200,
    svg: Svg = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Measure free GPU nodes and their links, one pod per node, and name what is slower than its peers."""
    from wideep.plan import burnin_plan
    from wideep_cli.burnin.places import chosen_places
    from wideep_cli.burnin.report import Answer, burnin_json, burnin_text
    from wideep_cli.deployment import find_live
    from wideep_cli.picture_file import require_format
    from wideep_cluster.burnin.outcome import burn_in
    from wideep_cluster.burnin.run import BurnIn

    if svg:
        require_format("--svg", svg)  # before the measurement, which takes minutes
    live = find_live(stack, file)
    settings = live.loaded.settings
    plan = burnin_plan(settings).model_copy(update={"quick": quick, "only": only, "seconds": timeout})
    wanted = [each.strip() for each in nodes.split(",") if each.strip()] if nodes else []
    places = chosen_places(live.cluster, plan, wanted)
    found = burn_in(BurnIn(live.cluster, plan, "command", say), places)
    told = Answer(settings, found, places.skipped)
    answer(burnin_json(told) if output is OutputFormat.JSON else burnin_text(told))
    if svg:
        from wideep_cli.burnin.heatmap import write_links

        write_links(found.measured, svg)
        say(f"Links written to {svg}.")
    if found.verdicts:
        raise typer.Exit(ExitCode.FAILED)
