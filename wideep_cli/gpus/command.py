"""The ``gpus`` command and its options."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import typer

from wideep_cli.console import answer
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, RoleOption, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wideep_cli.deployment import DeployedGraph, GraphPod
    from wideep_cli.gpus.evaluate import Gpu

__all__ = ["EXAMPLE", "gpus"]

EXAMPLE = "Example: [bold]wideep gpus --role decode[/bold]"
AT_ONCE = 8


def gpus(
    role: RoleOption = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Show memory and utilization of every worker's GPUs (nvidia-smi in the pods) and the plan's prediction."""
    from wideep_cli.deployment import find_live, role_named
    from wideep_cli.gpus.evaluate import findings
    from wideep_cli.gpus.report import gpus_json, gpus_text

    wanted = role_named(role)
    live = find_live(stack, file)
    members = live.running_workers(wanted)
    found, unread = _read(live, members)
    wrong = findings(found)
    answer(gpus_json(found, wrong, unread) if output is OutputFormat.JSON else gpus_text(found, wrong, unread))
    if wrong or unread:
        raise typer.Exit(ExitCode.FAILED)


def _read(live: DeployedGraph, members: Sequence[GraphPod]) -> tuple[list[Gpu], list[str]]:
    """Read the GPUs of all pods; return them, and why those of some pods could not be read."""
    from wideep_cli.gpus.evaluate import Gpu, prediction
    from wideep_cli.gpus.smi import ask
    from wideep_cli.plan.view import role_views
    from wideep_cluster import ClusterError, UnreachableError

    predicted = {view.role: prediction(view) for view in role_views(live.loaded)}

    def one(member: GraphPod) -> list[Gpu] | str:
        try:
            readings = ask(live.cluster, member.pod)
        except UnreachableError:
            raise
        except ClusterError as error:
            return str(error)
        return [Gpu(member, reading, predicted[member.role]) for reading in readings] if member.role else []

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, members))
    found = [gpu for each in answers if not isinstance(each, str) for gpu in each]
    return found, list(dict.fromkeys(each for each in answers if isinstance(each, str)))
