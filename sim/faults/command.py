"""`python -m sim fault`: set a fault, list them, clear them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sim.faults import store
from sim.state import Cluster, SimError, load


def fault(
    name: Annotated[str, typer.Argument(help="A fault's name; or list, or clear.")],
    which: Annotated[str | None, typer.Argument(help="After clear: the one fault to clear.")] = None,
    on: Annotated[str | None, typer.Option(help="The objects it strikes; * stands for any letters.")] = None,
    seconds: Annotated[float | None, typer.Option("--for", help="Seconds until it is cleared by itself.")] = None,
) -> None:
    """Let something go wrong: before a command, or while it runs."""
    from sim.faults import acts

    screen, cluster = Console(highlight=False, soft_wrap=True), _standing()
    if name == "list":
        screen.print(_table(cluster))
    elif name == "clear":
        gone = acts.clear(cluster, which)
        screen.print(f"cleared {', '.join(one.name for one in gone)}" if gone else "nothing was set")
    else:
        acts.shown(screen, [acts.put(cluster, name, on, seconds)])


def _standing() -> Cluster:
    cluster = load()
    if cluster is None:
        raise SimError("no simulated cluster of this checkout is up: run `python -m sim up`")
    return cluster


def _table(cluster: Cluster) -> Table:
    """Return all faults as a table, with the objects on which those that are set are set."""
    from sim.faults.table import FAULTS

    table = Table("fault", "set on", "--on is", "what happens", title="faults", title_justify="left")
    there = store.listed(cluster.directory)
    for one in FAULTS.values():
        where = ", ".join(found.on or "yes" for found in there if found.name == one.name)
        table.add_row(one.name, where, one.on, one.says)
    return table
