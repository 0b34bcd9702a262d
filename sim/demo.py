"""`make demo` and `make demo-down`: the whole path on the simulated cluster, as a person would type it.

Every step is the ordinary command line (pulumi, kubectl) in the simulation's environment, so what works here works
in a shell after `eval "$(python -m sim env)"`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from sim import paths
from sim.chat import ask
from sim.env import environment
from sim.lock import locked
from sim.state import Cluster, SimError, load
from sim.tools.forecast import forecast
from sim.tools.progress import Total
from wideep.text import duration

STACK = "demo"
LAB = "sim"
"""The stack with the lab's own layout, on the lab's release of Dynamo."""
NODES = 10
"""GPU nodes of the demo's cluster: enough for its stack and for one more decode worker."""
STEPS = {"Tools and cluster": 11.0, "Preview": 9.0, "Up": 25.0, "Chat completion": 1.0}
"""Expected seconds of each step once the tools are there, as `make demo` printed them once on two idle cores."""
QUESTION = "Explain MoE models in one sentence"

TRY_NEXT = (
    ("wideep status", "roles, pods by node, what each pod waits for"),
    ("wideep smoke", "another chat completion, timed"),
    ("wideep doctor --offline", "check cluster, layout and graph"),
    ("wideep plan --svg placement.svg", "the placement as a picture"),
    (
        "python -m sim fault operator-down --on {namespace}/dynamo-platform",
        "stop Dynamo's operator, find out, start it",
    ),
    ("wideep doctor --offline", ""),
    ("python -m sim fault clear", ""),
)
"""Commands to try in the demo's shell, each with what it shows; in a group only the first has a description."""
TRY_SCALING = (
    ("pulumi config set --path hardware.nodes 10", "one more decode worker, on the cluster's two other nodes:"),
    ("pulumi config set --path layout.decode.replicas 3", ""),
    ("wideep plan --since HEAD", "what that takes and what restarts"),
    ("pulumi up", "preview it, and scale"),
    (
        "pulumi config set --path layout.decode.replicas 4",
        "one too many: rejected with the arithmetic, nothing changes",
    ),
    ("pulumi preview", ""),
    ("git checkout Pulumi.demo.yaml", "back to the stack file as it came"),
)
"""Further commands to try, for a cluster that has nodes to scale onto."""
TRY_MONITORING = (
    ("pulumi config set --path monitoring.enabled true", "add Prometheus, dashboards and alerts"),
    ("pulumi up", "(workers restart once, to show their metrics; decode has two again)"),
    ("wideep top --once", "requests, tokens, latencies, KV cache by worker"),
    ("python -m sim dashboards", "write the dashboards to dashboards.html, as a page"),
)
"""Further commands to try, for a machine that has Prometheus."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)


@dataclass(frozen=True)
class Shell:
    """A shell inside the simulation, working in the project's folder."""

    env: dict[str, str]

    def show(self, *command: str) -> None:
        """Run a command on the user's screen; raise SimError if it fails, without repeating the command's own
        output."""
        console.print(f"[bold]$ {' '.join(command)}[/bold]")
        sys.stdout.flush()
        code = subprocess.run(command, env=self.env, cwd=paths.PROJECT, check=False).returncode
        if code:
            raise SimError(f"`{' '.join(command)}` failed with exit code {code}; its last lines above say why.")

    def read(self, *command: str) -> str:
        """Return what a command prints; raise SimError with its stderr if it fails."""
        done = subprocess.run(command, env=self.env, cwd=paths.PROJECT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SimError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
        return done.stdout


@contextmanager
def step(title: str, total: Total | None = None) -> Iterator[None]:
    """Print the step's title with the overall progress, and after the block the seconds that it took."""
    far = f" [dim]({total.far})[/dim]" if total else ""
    console.rule(f"[bold cyan]{title}[/]{far}", align="left")
    begun = time.monotonic()
    if total:
        total.begin(title)
    yield
    if total:
        total.end(title)
    console.print(f"[dim]{title}: {time.monotonic() - begun:.0f} s[/dim]\n")


@app.command()
def up(
    release: Annotated[str, typer.Option(envvar="RELEASE", help="0.6.0: the lab, on its release of Dynamo.")] = "",
    diff: Annotated[bool, typer.Option(envvar="DIFF", help="Preview every property.")] = False,
) -> None:
    """From nothing to an answered chat completion: tools, cluster, preview, up, chat."""
    with locked(paths.lock_file(".demo"), _running):
        _up(_stack_of(release), diff=diff)


def _running() -> None:
    raise SimError("Another `make demo` of this checkout is running: wait for it, or end it there with Ctrl-C.")


def _up(stack: str, *, diff: bool) -> None:
    total = _forecast()
    with step("Tools and cluster", total):
        cluster = _cluster(stack)
    shell = Shell(os.environ | environment(cluster))
    shell.read("pulumi", "stack", "select", "--create", stack)
    with step("Preview", total):
        shell.show("pulumi", "preview", "--stack", stack, *(["--diff"] if diff else []))
    with step("Up", total):
        shell.show("pulumi", "up", "--stack", stack, "--yes", "--skip-preview")
    outputs: dict[str, str] = json.loads(shell.read("pulumi", "stack", "output", "--stack", stack, "--json"))
    with step("Chat completion", total):
        answer = ask(outputs["namespace"], outputs["frontendService"], outputs["model"], QUESTION, shell.env)
        console.print(f"[dim]you:[/dim]   {QUESTION}\n[dim]model:[/dim] [green]{answer}[/green]")
    _summary(stack, cluster, shell, outputs)
    console.print(f"\nA chat completion was answered after {duration(total.elapsed)}.")


@app.command()
def down() -> None:
    """`pulumi destroy`, a look whether anything is left, then the simulated cluster's own end: in any case."""
    try:
        cluster = load()
        if cluster is None:
            console.print("No simulated cluster of this checkout is up: nothing to do.")
            return
        _destroy(cluster.stack)
    finally:
        with step("Simulated cluster"):
            Shell(dict(os.environ)).show(sys.executable, "-m", "sim", "down")


def _forecast() -> Total:
    """Print and return how long the demo will take on this machine; most of it goes to tools that are not there yet."""
    expected = STEPS | {"Tools and cluster": STEPS["Tools and cluster"] + forecast().total}
    console.print(f"The demo takes about {duration(sum(expected.values()))} in all, in {len(expected)} steps.")
    return Total(expected)


def _stack_of(release: str) -> str:
    """Return the stack that runs this release of Dynamo; raise SimError if none does."""
    known = {
        yaml.safe_load((paths.PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"][
            "dynamo-wideep:platform"
        ]["version"]: stack
        for stack in (STACK, LAB)
    }
    if release and release not in known:
        raise SimError(f"RELEASE: {release} is not simulated. Set {' or '.join(known)}.")
    return known.get(release, STACK)


def _destroy(stack: str) -> None:
    cluster = _cluster(stack)  # restart whatever has died, so that destroy finds an API server
    shell = Shell(os.environ | environment(cluster))
    for name in _stacks(shell):
        outputs: dict[str, str] = json.loads(shell.read("pulumi", "stack", "output", "--stack", name, "--json"))
        with step("Destroy"):
            shell.show("pulumi", "destroy", "--stack", name, "--yes", "--skip-preview")
        if "namespace" in outputs:
            _nothing_left(shell, outputs["namespace"])


def _cluster(stack: str) -> Cluster:
    nodes = ["--nodes", str(NODES)] if stack == STACK else []
    subprocess.run([sys.executable, "-m", "sim", "up", "--stack", stack, *nodes], cwd=paths.PROJECT, check=True)
    cluster = load()
    if cluster is None:
        raise SimError("`python -m sim up` ended well but left no cluster: run it again.")
    return cluster


def _stacks(shell: Shell) -> list[str]:
    """Return the demo's own stacks among those in the cluster's Pulumi state."""
    stacks: list[dict[str, str]] = json.loads(shell.read("pulumi", "stack", "ls", "--json"))
    return [stack["name"] for stack in stacks if stack["name"] in (STACK, LAB)]


def _nothing_left(shell: Shell, namespace: str) -> None:
    """Report that the namespace is gone; raise SimError that lists what is left in it otherwise."""
    found = shell.read("kubectl", "get", "namespace", namespace, "--ignore-not-found", "--output", "name").strip()
    if not found:
        console.print(f"Nothing is left: namespace {namespace} and all in it are gone.")
        return
    kinds = shell.read("kubectl", "api-resources", "--verbs=list", "--namespaced", "--output=name").split()
    left = shell.read("kubectl", "get", ",".join(kinds), "-n", namespace, "--ignore-not-found", "--output=name")
    raise SimError(f"namespace {namespace} is still there, with:\n{left or '(nothing in it)'}")


def _summary(stack: str, cluster: Cluster, shell: Shell, outputs: dict[str, str]) -> None:
    table = Table(title="What runs where", title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("cluster", f"{cluster.kube_api}, nodes {', '.join(cluster.nodes)}")
    table.add_row("image", outputs["image"])
    table.add_row("layout", f"{outputs['model']}: {outputs['layout']}")
    pods = json.loads(shell.read("kubectl", "get", "pods", "-n", outputs["namespace"], "--output=json"))["items"]
    for pod in sorted(pods, key=lambda pod: pod["metadata"]["name"]):
        node = pod["spec"].get("nodeName", "no node")
        table.add_row("pod", f"{pod['metadata']['name']} on {node}: {pod['status']['phase']}")
    console.print(table)
    console.print("\n[bold]Reach it[/bold] (`make shell` enters the simulation in each terminal):")
    for command in (outputs["portForward"], outputs["curl"]):
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print("\n[bold]Try next[/bold], in `make shell`:")
    for command, shows in try_next(stack, outputs["namespace"], monitored="prometheus" in cluster.tools):
        if shows:
            console.print(f"  [dim]# {shows}[/dim]")
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print("\n[bold]To end it:[/bold]\n  make demo-down")


def try_next(stack: str, namespace: str, *, monitored: bool) -> list[tuple[str, str]]:
    """Return the commands to try on that stack: fewer for the lab's, which fills its cluster and has no Prometheus."""
    more = (*TRY_SCALING, *(TRY_MONITORING if monitored else ())) if stack == STACK else ()
    return [(command.replace("{namespace}", namespace), shows) for command, shows in (*TRY_NEXT, *more)]


def main() -> None:
    try:
        app()
    except SimError as error:
        console.print(f"[red]{error}[/red]", soft_wrap=True)
        raise SystemExit(1) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from None


if __name__ == "__main__":
    main()
