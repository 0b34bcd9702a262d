"""The verb ``import`` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.options import Debug, Output, OutputFormat

__all__ = ["EXAMPLE", "import_"]

EXAMPLE = "Example: [bold]wideep import --file launch.sh --gpu H100-80 --write Pulumi.mine.yaml[/bold]"

Command = Annotated[
    str | None, typer.Argument(metavar="COMMAND", help="A quoted launch command. It is read, never run.")
]
Script = Annotated[
    Path | None, typer.Option("--file", "-f", metavar="FILE", help="A script with one or both roles' commands.")
]
Prefill = Annotated[str | None, typer.Option("--prefill", metavar="COMMAND", help="The prefill workers' command.")]
Decode = Annotated[str | None, typer.Option("--decode", metavar="COMMAND", help="The decode workers' command.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="Model name from the catalog, or the path of its config.json."),
]
Gpu = Annotated[str, typer.Option("--gpu", metavar="GPU", help="GPU of the nodes, for example H100-80.")]
PerNode = Annotated[int, typer.Option("--gpus-per-node", min=1, max=72, help="GPUs per node.")]
Interconnect = Annotated[
    str, typer.Option("--interconnect", metavar="NAME", help="infiniband, roce, nvlink, ethernet.")
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Namespace of the graph.")]
Write = Annotated[Path | None, typer.Option("--write", metavar="Pulumi.NAME.yaml", help="Write a new stack file.")]


def import_(
    command: Command = None,
    file: Script = None,
    prefill: Prefill = None,
    decode: Decode = None,
    model: Model = None,
    gpu: Gpu = "H200",
    gpus_per_node: PerNode = 8,
    interconnect: Interconnect = "infiniband",
    namespace: Namespace = "dynamo",
    write: Write = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Turn a launch command of SGLang or vLLM into a stack file, and say what became of each flag."""
    from wideep.launch.stack import Site
    from wideep_cli.importing.report import import_report, left_out, write_stack
    from wideep_cli.importing.stack import imported, named_commands

    site = Site(gpu, gpus_per_node, interconnect, namespace, model)
    found = imported(named_commands(command, file, prefill, decode), site)
    if write:
        write_stack(found, write)
        say(f"{write} written{left_out(found)}. Next: wideep plan --file {write}")
    else:
        answer(import_report(found, output))
    for problem in found.problems:
        say(f"wideep plan would refuse it: {problem}")
