"""`python -m sim`: a simulated GPU cluster on this machine, on which the Pulumi program runs as on a real one."""

import dataclasses
import json
import os
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sim.faults.command import fault
from sim.state import Cluster, SimError, load

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_screen = Console(highlight=False, soft_wrap=True)
app.command()(fault)


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def up(
    stack: Annotated[str, typer.Option(help="The stack whose hardware is simulated (Pulumi.NAME.yaml).")] = "sim",
    nodes: Annotated[
        int | None, typer.Option(min=1, max=5000, help="GPU nodes, in place of the stack's hardware.nodes.")
    ] = None,
) -> None:
    """Get the tools, start the cluster, or repair what has died of it."""
    from sim.cluster import lifecycle

    cluster = lifecycle.up(_screen, stack, nodes)
    _show(cluster)
    _screen.print(
        f'{len(cluster.nodes)} nodes. To use it in this shell: eval "$({_me()} env)"; to end it: {_me()} down'
    )


@app.command()
def down() -> None:
    """End the cluster and remove all it wrote; the tools stay."""
    from sim.cluster import lifecycle

    _screen.print("nothing is left of it" if lifecycle.down(_screen) else "no simulated cluster of this checkout is up")


@app.command()
def status(
    output: Annotated[Output, typer.Option(help="text, or json for programs.")] = Output.TEXT,
) -> None:
    """Show each process of the cluster, and which plugins of Pulumi are real. Exit code 1 unless all processes run."""
    from sim.cluster import lifecycle

    cluster = _standing()
    found = lifecycle.components(cluster)
    if output is Output.JSON:
        components = [dataclasses.asdict(component) for component in found]
        known = {"id": cluster.id, "stack": cluster.stack, "nodes": cluster.nodes, "plugins": cluster.plugins}
        shown = known | {"components": components}
        sys.stdout.write(json.dumps(shown, indent=2, default=str) + "\n")
    else:
        _show(cluster)
    if any(component.state is not lifecycle.State.RUNNING for component in found):
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print the environment as `export` lines, for: eval "$(python -m sim env)"."""
    from sim.env import environment

    for name, value in environment(_standing()).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


_PROMPT = {"PS1": "(sim) $ ", "PROMPT_COMMAND": 'PS1="(sim) ${PS1#(sim) }"'}
"""Prompt of the simulation's shell: ``PS1`` for sh, ``PROMPT_COMMAND`` for bash, whose start-up file overwrites PS1."""


@app.command()
def shell() -> None:
    """Enter a shell whose pulumi, kubectl, helm and wideep work on the simulation."""
    from sim.env import environment

    program = os.environ.get("SHELL") or "/bin/sh"
    _screen.print("pulumi, kubectl, helm and wideep act on the simulation here. Leave it with exit.")
    os.execvpe(program, [program], os.environ | environment(_standing()) | _PROMPT)  # noqa: S606 - the user's own shell


@app.command()
def dashboards(
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How far back the page goes.")] = 15,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="Where it is written.")] = Path("dashboards.html"),
) -> None:
    """Draw the dashboards of the stacks with `monitoring` on a page, with what Prometheus has kept."""
    from sim.monitoring.dashboards import write_page

    titles = write_page(_standing(), minutes, out)
    _screen.print(f"{out}: a page for a browser, with {', '.join(titles)}.", markup=False)


@app.command()
def tools() -> None:
    """Get the tools only: found, downloaded or built, once for all checkouts."""
    from sim.tools.provide import provide

    for name, path in provide(_screen).items():
        _screen.print(f"{name}: {path}")


def _standing() -> Cluster:
    cluster = load()
    if cluster is None:
        raise SimError(f"no simulated cluster of this checkout is up: run {_me()} up")
    return cluster


def _show(cluster: Cluster) -> None:
    from sim.tools.catalog import PLUGINS

    _screen.print(_table(cluster))
    for name, what in cluster.plugins.items():
        _screen.print(f"Pulumi plugin {name} {PLUGINS[name]}: {what}", markup=False)


def _table(cluster: Cluster) -> Table:
    from sim.cluster import lifecycle

    table = Table("component", "pid", "port", "state", title=f"simulated cluster {cluster.id}", title_justify="left")
    for component in lifecycle.components(cluster):
        colour = "green" if component.state is lifecycle.State.RUNNING else "red"
        shown = [str(value) if value is not None else "-" for value in (component.pid, component.port)]
        table.add_row(component.name, *shown, f"[{colour}]{component.state}[/]")
    return table


def _me() -> str:
    """Return the command by which this program was called, for messages that say what to run next."""
    return f"{os.path.relpath(sys.executable)} -m sim"


def main() -> None:
    os.umask(0o077)  # logs, states and keys are readable by their owner only
    try:
        app()
    except SimError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
