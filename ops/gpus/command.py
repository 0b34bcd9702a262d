"""The verb ``gpus``: its options."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import typer

from ops.errors import ExitCode
from ops.options import Debug, File, Output, OutputFormat, RoleOption, Stack
from ops.terminal import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.gpus.judge import Gpu
    from ops.live import Live, Member

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
    """Show memory and utilization of every worker's GPUs (nvidia-smi in the pods) beside the plan's prediction."""
    from ops.gpus.judge import findings
    from ops.gpus.report import gpus_json, gpus_text
    from ops.live import find_live, role_named

    wanted = role_named(role)
    live = find_live(stack, file)
    members = live.running_workers(wanted)
    found, unread = _read(live, members)
    wrong = findings(found)
    answer(gpus_json(found, wrong, unread) if output is OutputFormat.JSON else gpus_text(found, wrong, unread))
    if wrong or unread:
        raise typer.Exit(ExitCode.DOES_NOT_HOLD)


def _read(live: Live, members: Sequence[Member]) -> tuple[list[Gpu], list[str]]:
    """The GPUs of all pods, and why some pods' could not be read."""
    from ops.cluster import ClusterError, UnreachableError
    from ops.gpus.judge import Gpu, prediction
    from ops.gpus.smi import ask
    from ops.plan.view import role_views

    predicted = {view.role: prediction(view) for view in role_views(live.loaded)}

    def one(member: Member) -> list[Gpu] | str:
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
