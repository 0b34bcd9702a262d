"""``wideep``: a Wide-EP stack explained, before and after it is deployed.

A verb imports what it needs when it runs, so that ``wideep --help`` stays quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

from wideep_cli.adopt.command import EXAMPLE as ADOPT_EXAMPLE
from wideep_cli.adopt.command import adopt
from wideep_cli.advise.command import EXAMPLE as ADVISE_EXAMPLE
from wideep_cli.advise.command import advise
from wideep_cli.bench.command import EXAMPLE as BENCH_EXAMPLE
from wideep_cli.bench.command import bench
from wideep_cli.burnin.command import EXAMPLE as BURNIN_EXAMPLE
from wideep_cli.burnin.command import burnin
from wideep_cli.console import answer, handle_errors
from wideep_cli.doctor.command import EXAMPLE as DOCTOR_EXAMPLE
from wideep_cli.doctor.command import doctor
from wideep_cli.eplb.command import EXAMPLE as EPLB_EXAMPLE
from wideep_cli.eplb.command import eplb
from wideep_cli.gpus.command import EXAMPLE as GPUS_EXAMPLE
from wideep_cli.gpus.command import gpus
from wideep_cli.importing.command import EXAMPLE as IMPORT_EXAMPLE
from wideep_cli.importing.command import import_
from wideep_cli.logs.command import EXAMPLE as LOGS_EXAMPLE
from wideep_cli.logs.command import logs
from wideep_cli.models.command import EXAMPLE as MODELS_EXAMPLE
from wideep_cli.models.command import models
from wideep_cli.network.command import EXAMPLE as NETWORK_EXAMPLE
from wideep_cli.network.command import network
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack
from wideep_cli.plan.command import EXAMPLE as PLAN_EXAMPLE
from wideep_cli.plan.command import plan
from wideep_cli.rbac.command import EXAMPLE as RBAC_EXAMPLE
from wideep_cli.rbac.command import rbac
from wideep_cli.smoke.command import EXAMPLE as SMOKE_EXAMPLE
from wideep_cli.smoke.command import smoke
from wideep_cli.status.command import EXAMPLE as STATUS_EXAMPLE
from wideep_cli.status.command import status
from wideep_cli.top.command import EXAMPLE as TOP_EXAMPLE
from wideep_cli.top.command import top

__all__ = ["app", "main"]

app = typer.Typer(
    name="wideep",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Wide expert parallelism on NVIDIA Dynamo: plan a stack, check it, and inspect the deployment.",
    epilog="Exit codes: 0 success, 1 a check failed, 2 invalid config or usage.",
)


@app.callback()
def _wideep() -> None:
    """Makes typer keep the verb's name where there is only one."""


app.command(epilog=PLAN_EXAMPLE)(handle_errors(plan))

Model = Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Model name from the catalog.")]
GpuOption = Annotated[
    str | None, typer.Option("--gpu", metavar="GPU", help="GPU name from the catalog, for example H200.")
]
Gpus = Annotated[int | None, typer.Option("--gpus", min=1, help="List all valid layouts for this number of GPUs.")]
BackendOption = Annotated[
    str | None,
    typer.Option("--backend", metavar="ENGINE", help="sglang, vllm, trtllm or all; without it, the stack's engine."),
]
PerNode = Annotated[int | None, typer.Option("--gpus-per-node", min=1, max=72, help="GPUs per node.")]


@app.command(epilog="Example: [bold]wideep layouts --gpus 48 --gpu H200 --model deepseek-ai/DeepSeek-R1[/bold]")
@handle_errors
def layouts(
    model: Model = None,
    gpu: GpuOption = None,
    gpus: Gpus = None,
    gpus_per_node: PerNode = None,
    backend: BackendOption = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """List the presets, or all valid layouts for a number of GPUs, with memory and KV cache per GPU."""
    from wideep_cli.layouts.question import ALL, question, questions

    asked = question(model, gpu, gpus_per_node, stack, file, backend)
    if backend and backend.lower() == ALL:
        from wideep_cli.layouts.engines import engines_report

        answer(engines_report(questions(asked), gpus, output))
        return
    if gpus:
        from wideep_cli.layouts.legal import legal_report

        answer(legal_report(asked, gpus, output))
        return
    from wideep_cli.layouts.presets import preset_rows
    from wideep_cli.layouts.table import presets_report

    answer(presets_report(preset_rows(asked), asked, output))


app.command(epilog=MODELS_EXAMPLE)(handle_errors(models))
app.command(name="import", epilog=IMPORT_EXAMPLE)(handle_errors(import_))
app.command(epilog=ADVISE_EXAMPLE)(handle_errors(advise))
app.command(epilog=STATUS_EXAMPLE)(handle_errors(status))
app.command(epilog=TOP_EXAMPLE)(handle_errors(top))
app.command(epilog=LOGS_EXAMPLE)(handle_errors(logs))
app.command(epilog=SMOKE_EXAMPLE)(handle_errors(smoke))
app.command(epilog=GPUS_EXAMPLE)(handle_errors(gpus))
app.command(epilog=EPLB_EXAMPLE)(handle_errors(eplb))
app.command(epilog=NETWORK_EXAMPLE)(handle_errors(network))
app.command(epilog=BENCH_EXAMPLE)(handle_errors(bench))
app.command(epilog=BURNIN_EXAMPLE)(handle_errors(burnin))
app.command(epilog=DOCTOR_EXAMPLE)(handle_errors(doctor))
app.command(epilog=RBAC_EXAMPLE)(handle_errors(rbac))
app.command(epilog=ADOPT_EXAMPLE)(handle_errors(adopt))


def main() -> None:
    """The entry point."""
    app()


if __name__ == "__main__":
    main()
