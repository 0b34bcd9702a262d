"""The verb ``burnin``: its options."""

from __future__ import annotations

from enum import StrEnum
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


Nodes = Annotated[str | None, typer.Option("--nodes", metavar="A,B", help="Only these nodes. [default: all free ones]")]
Only = Annotated[Part | None, typer.Option("--only", help="Only this part; rdma is whatever connects the nodes.")]
Quick = Annotated[bool, typer.Option("--quick", help="Under a minute once the image is there: not all pairs of nodes.")]
Timeout = Annotated[
    int, typer.Option("--timeout", min=60, max=7200, help="Seconds for all of it, with the pull of the image.")
]


def burnin(
    nodes: Nodes = None,
    only: Only = None,
    quick: Quick = False,
    timeout: Timeout = 1200,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Measure free GPU nodes and their links, one pod a node, and name what is slower than its like."""
    from wideep.burnin.judge import judge, missing_gpus
    from wideep.catalog import gpu_spec
    from wideep.rdma import uses_rdma
    from wideep_cli.burnin.jobs import Asked
    from wideep_cli.burnin.places import find_places
    from wideep_cli.burnin.report import Answer, burnin_json, burnin_text
    from wideep_cli.burnin.run import BurnIn
    from wideep_cli.deployment import find_live

    live = find_live(stack, file)
    hardware = live.loaded.settings.hardware
    wanted = [each.strip() for each in nodes.split(",") if each.strip()] if nodes else []
    found = find_places(live.cluster, live.loaded, wanted)
    counts = {place.node.name: (place.gpus, hardware.gpus_per_node) for place in found.places}
    early = tuple(missing_gpus(counts, "the device plugin offers"))
    for verdict in early:
        say(verdict.text)
    asked = Asked(only, quick, timeout)
    measured, unfit = BurnIn(live.cluster, live.loaded, asked, say).run(found.places)
    verdicts = (*early, *unfit, *judge(measured, gpu_spec(hardware.gpu), rdma=uses_rdma(hardware)))
    told = Answer(live.loaded.settings, measured, verdicts, found.skipped)
    answer(burnin_json(told) if output is OutputFormat.JSON else burnin_text(told))
    if verdicts:
        raise typer.Exit(ExitCode.FAILED)
