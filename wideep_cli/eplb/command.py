"""The ``eplb`` command and its options."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, RoleOption, Stack

if TYPE_CHECKING:
    from wideep_cli.deployment import DeployedGraph, GraphPod
    from wideep_cli.eplb.experts import Experts
    from wideep_cli.eplb.report import Balance
    from wideep_cli.plan.view import RoleView

__all__ = ["EXAMPLE", "eplb"]

EXAMPLE = "Example: [bold]wideep eplb --role decode[/bold]"
AT_ONCE = 8
LINES = 200_000
"""Lines to read of a log: the line that reports the start of EPLB is among its first."""


class Action(StrEnum):
    """What to do instead of judging."""

    RECORD = "record"


ActionArgument = Annotated[
    Action | None, typer.Argument(help="record: count experts under load, for a balanced start, where the engine can.")
]
Seconds = Annotated[int, typer.Option("--seconds", min=1, max=86_400, help="Seconds to record.")]


def eplb(
    action: ActionArgument = None,
    role: RoleOption = None,
    seconds: Seconds = 60,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Check the expert load balancer: rebalances and balancedness from the logs, hot experts if recorded."""
    from wideep_cli.deployment import find_live, role_named
    from wideep_cli.eplb.report import eplb_json, eplb_text
    from wideep_cli.eplb.verdict import Verdict

    wanted = role_named(role)
    live = find_live(stack, file)
    firsts = [each for each in live.running_workers(wanted) if each.rank < 1]
    if action is Action.RECORD:
        _record(live, firsts, seconds)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        balances = list(pool.map(partial(_balance, live), firsts))
    answer(eplb_json(balances) if output is OutputFormat.JSON else eplb_text(balances))
    if any(balance.judged.verdict in (Verdict.CHANGE, Verdict.WRONG) for balance in balances):
        raise typer.Exit(ExitCode.FAILED)


def _record(live: DeployedGraph, firsts: list[GraphPod], seconds: int) -> None:
    """Record one worker of each role, one after the other: all workers of a role hold the same experts."""
    from wideep_cli.eplb.record import record

    lines = [record(live, member, _view(live, member), seconds, say) for member in firsts if member.worker == 0]
    answer("Kept on the cache volume. To start from it:\n" + "\n".join(f"  {line}" for line in lines))


def _balance(live: DeployedGraph, member: GraphPod) -> Balance:
    """Read one worker's log and judge it."""
    from wideep.engines import engine_of
    from wideep_cli.eplb.engine_log import read
    from wideep_cli.eplb.report import Balance
    from wideep_cli.eplb.verdict import judge

    view = _view(live, member)
    lines = (live.cluster.logs(member.pod, member.pod.main.name, tail=LINES) or "").splitlines()
    log = read(lines, engine_of(live.loaded.settings).log)
    return Balance(member, view, log, judge(view, log), _experts(live, member))


def _view(live: DeployedGraph, member: GraphPod) -> RoleView:
    from wideep_cli.plan.view import role_views

    return next(view for view in role_views(live.loaded) if view.role is member.role)


def _experts(live: DeployedGraph, member: GraphPod) -> Experts | str | None:
    """Return the recorded experts, None if there are none, or a text that says why they could not be read."""
    from wideep_cli.eplb.experts import read_experts
    from wideep_cluster import ClusterError, UnreachableError

    try:
        return read_experts(live, member)
    except UnreachableError:
        raise
    except ClusterError as error:
        return str(error)
