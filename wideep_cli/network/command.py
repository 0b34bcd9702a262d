"""The ``network`` command and its options."""

from __future__ import annotations

import typer

from wideep_cli.console import answer
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, RoleOption, Stack

__all__ = ["EXAMPLE", "network"]

EXAMPLE = "Example: [bold]wideep network --role prefill[/bold]"


def network(
    role: RoleOption = None,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Check the workers' network: RDMA ports, reachability between a worker's pods, NCCL and NVSHMEM errors."""
    from wideep_cli.deployment import find_live, role_named
    from wideep_cli.network.examine import examine, findings
    from wideep_cli.network.report import network_json, network_text, unseen

    wanted = role_named(role)
    live = find_live(stack, file)
    examined = examine(live, live.running_workers(wanted))
    wrong = findings(live, examined)
    answer(network_json(examined, wrong) if output is OutputFormat.JSON else network_text(examined, wrong))
    if wrong or unseen(examined):
        raise typer.Exit(ExitCode.FAILED)
