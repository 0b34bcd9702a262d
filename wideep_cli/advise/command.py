"""The verb ``advise`` and its options."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import CallError, ExitCode
from wideep_cli.options import Backend, Debug, File, Gpu, Measured, Model, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "advise", "written"]

ONE_ENGINE = "Name one engine, for example --backend vllm."

EXAMPLE = (
    "Example: [bold]wideep advise --gpu H200 --gpus 32 --isl 4000 --osl 500 --ttft 2s --itl 50ms "
    "--write Pulumi.fast.yaml[/bold]"
)

Gpus = Annotated[int | None, typer.Option("--gpus", min=1, help="Number of GPUs.")]
GpusPerNode = Annotated[
    int | None, typer.Option("--gpus-per-node", min=1, max=72, help="GPUs per node. \\[default: 8, on an NVL72 rack 4]")
]
DecodeGpu = Annotated[str | None, typer.Option("--decode-gpu", metavar="GPU", help="GPU for decode, if it differs.")]
DecodeGpus = Annotated[int | None, typer.Option("--decode-gpus", min=1, help="Number of GPUs for decode.")]
Isl = Annotated[
    int | None, typer.Option("--isl", min=1, max=10_000_000, help="Input tokens per request. \\[default: 4000]")
]
Osl = Annotated[
    int | None, typer.Option("--osl", min=2, max=10_000_000, help="Output tokens per request. \\[default: 500]")
]
Ttft = Annotated[
    str | None, typer.Option("--ttft", metavar="TIME", help="Maximum time to first token. \\[default: 2s]")
]
Itl = Annotated[
    str | None, typer.Option("--itl", metavar="TIME", help="Maximum inter-token latency. \\[default: 50ms]")
]
Write = Annotated[
    Path | None, typer.Option("--write", metavar="Pulumi.NAME.yaml", help="Write the best layout as a stack file.")
]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw the Pareto plot as PNG or SVG.")]


def advise(
    model: Model = None,
    gpu: Gpu = None,
    gpus: Gpus = None,
    isl: Isl = None,
    osl: Osl = None,
    ttft: Ttft = None,
    itl: Itl = None,
    gpus_per_node: GpusPerNode = None,
    decode_gpu: DecodeGpu = None,
    decode_gpus: DecodeGpus = None,
    stack: Stack = None,
    file: File = None,
    write: Write = None,
    plot: Plot = None,
    backend: Backend = None,
    measured: Measured = False,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Find the layout with the highest throughput on given GPUs within latency limits. Needs `make setup-advise`."""
    from wideep_cli.advise.comparison import advise as search
    from wideep_cli.advise.extra import require_estimator
    from wideep_cli.advise.progress import showing_progress
    from wideep_cli.advise.question import Asked, ask
    from wideep_cli.advise.report import advice_report
    from wideep_cli.layouts.question import ALL
    from wideep_cli.picture_file import require_format

    require_estimator()
    if plot:
        require_format("--plot", plot)
    question = ask(
        Asked(model, gpu, gpus, gpus_per_node, decode_gpu, decode_gpus, isl, osl, ttft, itl, backend), stack, file
    )
    if backend and backend.lower() == ALL:
        from wideep_cli.advise.engines import engines_report, sides

        if write or plot or measured:
            raise CallError("--backend all compares engines; --write, --plot and --measured are of one.", ONE_ENGINE)
        with showing_progress() as progress:
            found = sides(question, progress)
        answer(engines_report(question, found, output))
        if not any(side.best for side in found):
            raise typer.Exit(ExitCode.FAILED)
        return
    nodes = ()
    if measured:
        from wideep_cli.measured import advised_nodes

        nodes = advised_nodes(question)
    with showing_progress() as progress:
        advice = search(question, progress)
    if plot:
        from wideep_cli.advise.plot import write_plot

        write_plot(advice, plot)
        say(f"Pareto plot written to {plot}.")
    report = advice_report(advice, output)
    if nodes:
        from wideep_cli.measured import with_share

        report = with_share(report, advice, nodes, output)
    answer(report)
    if not advice.best:
        raise typer.Exit(ExitCode.FAILED)
    if write:
        from wideep_cli.advise.stackconfig import write_stack

        say(written(write, write_stack(question, advice.best[0], write)))


def written(path: Path, secrets: tuple[str, ...]) -> str:
    """Return the message that says what to do with a stack file that was written."""
    name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    lines = [f"{path} written. To preview it:", f"  pulumi stack init {shlex.quote(name)}"]
    lines += [f"  pulumi config set --secret {key} …" for key in secrets]
    return "\n".join([*lines, "  pulumi preview"])
