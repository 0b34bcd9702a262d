"""The ``bench`` command and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

__all__ = ["EXAMPLE", "bench"]

EXAMPLE = (
    "Example: [bold]wideep bench --isl 4000 --osl 500 --concurrency 1,16,64 --save today.json --plot today.svg[/bold]"
)

Isl = Annotated[int, typer.Option("--isl", min=1, max=10_000_000, help="Input tokens per request.")]
Osl = Annotated[int, typer.Option("--osl", min=2, max=10_000_000, help="Output tokens per request.")]
Concurrency = Annotated[
    str, typer.Option("--concurrency", "-c", metavar="N,N,…", help="Concurrent requests; one run for each number.")
]
Tokenizer = Annotated[
    str | None,
    typer.Option("--tokenizer", metavar="NAME|DIR", help="Tokenizer for the prompts. \\[default: the model's]"),
]
Save = Annotated[Path | None, typer.Option("--save", metavar="FILE.json", help="Save the result for --compare.")]
Compare = Annotated[Path | None, typer.Option("--compare", metavar="FILE.json", help="Compare with a saved result.")]
Saved = Annotated[
    Path | None, typer.Option("--saved", metavar="FILE.json", help="Show a saved result; nothing is measured.")
]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw throughput against latency as SVG or PNG.")
]
Artifacts = Annotated[
    Path | None, typer.Option("--artifacts", metavar="DIR", help="Keep AIPerf's own files in this directory.")
]


def bench(
    isl: Isl = 1000,
    osl: Osl = 200,
    concurrency: Concurrency = "1,8,32",
    tokenizer: Tokenizer = None,
    save: Save = None,
    compare: Compare = None,
    saved: Saved = None,
    plot: Plot = None,
    artifacts: Artifacts = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Benchmark the deployed graph with NVIDIA's AIPerf. Needs `make setup-bench`; puts load on the graph."""
    from wideep_cli.bench.aiperf import find_aiperf
    from wideep_cli.bench.measure import Question, concurrencies, measure, predicted
    from wideep_cli.bench.plot import write_plot
    from wideep_cli.bench.report import bench_json, bench_text
    from wideep_cli.bench.result import read_result, write_result
    from wideep_cli.deployment import find_live
    from wideep_cli.picture_file import require_format

    if plot:
        require_format("--plot", plot)  # before the measurement, which takes minutes
    users = concurrencies(concurrency)
    before = read_result(compare, "--compare") if compare else None
    told = ""
    if saved:
        result = read_result(saved, "--saved")
    else:
        aiperf = find_aiperf()
        live = find_live(stack, file)
        result = measure(live, aiperf, Question(users, isl, osl, tokenizer or live.plan.model, artifacts), say)
        told = predicted(live, isl, osl)
    if save:
        write_result(result, save)
        say(f"Result written to {save}.")
    if plot:
        write_plot([result, *([before] if before else [])], plot)
        say(f"Plot written to {plot}.")
    answer(bench_json(result, before, told) if output is OutputFormat.JSON else bench_text(result, before, told))
    if any(point.failed for point in result.points):
        raise typer.Exit(ExitCode.FAILED)
