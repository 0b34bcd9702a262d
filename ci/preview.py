"""`make preview STACK=…`: the `pulumi preview` of a stack, without its own cluster, backend and secrets.

It is the preview for the checks of a pull request: the stack as written, on the simulated cluster, with a temporary
backend. It needs no account, no cluster and no token; secrets are replaced, never decrypted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ci.scratch_project import Copy, copy_project
from sim import paths
from sim.env import environment
from sim.pulumi_plugins.install import stand_ins
from sim.state import Cluster, SimError, load
from wideep.resource_names import ANY_CLUSTER

LEFT_OUT = ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN")
"""Variables of the caller that are not passed to a preview."""
SECONDS = 600
OFFLINE = "what an API server would refuse or fill in: no cluster was asked (--offline)"
LIVE = "what runs on the stack's own cluster now: `pulumi preview --refresh` with access to it says so"

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class World:
    """The environment of the previews, and what cannot be checked in it."""

    env: dict[str, str]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """One preview: its diff and messages for the reviewer, and whether it succeeded."""

    copy: Copy
    diff: str
    remarks: str
    good: bool
    events: Path


def preview(
    stacks: Annotated[list[str], typer.Argument(help="Names of stacks: those of Pulumi.NAME.yaml.")],
    offline: Annotated[bool, typer.Option("--offline", help="Without a cluster, not even the simulated one.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write NAME.diff and NAME.events.jsonl there as well.")
    ] = None,
) -> None:
    """Preview stacks. The diffs go to stdout, all else to stderr; exit code 1 when one of them fails."""
    scratch = paths.cache_root() / "previews"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        copies = copy_project(folder / "project", stacks)
        world = _world(folder, offline)
        console.print(f"Previewing {', '.join(copy.stack for copy in copies)} ...")
        with ThreadPoolExecutor(max_workers=2) as pool:
            outcomes = list(pool.map(lambda copy: _preview(copy, world, folder), copies))
        for outcome in outcomes:
            _show(outcome, world)
            if output:
                _keep(outcome, output)
    if not all(outcome.good for outcome in outcomes):
        raise typer.Exit(1)


def _world(folder: Path, offline: bool) -> World:
    """Return the environment of the simulated cluster; if there is none, one that works without a cluster."""
    if not offline:
        try:
            return World(_environment(_cluster(), folder), (LIVE,))
        except SimError as error:
            return World(_environment(_nowhere(folder), folder), (f"{OFFLINE[:-12]}, because {error}", LIVE))
    return World(_environment(_nowhere(folder), folder), (OFFLINE, LIVE))


def _cluster() -> Cluster:
    """Return this checkout's simulated cluster: the running one if it is complete, else the one that `python -m sim up`
    brings up."""
    from sim.cluster import lifecycle

    cluster = load()
    if cluster and all(part.state is lifecycle.State.RUNNING for part in lifecycle.components(cluster)):
        return cluster
    stack = cluster.stack if cluster else "sim"
    command = [sys.executable, "-m", "sim", "up", "--stack", stack]
    if subprocess.run(command, cwd=paths.PROJECT, stdout=sys.stderr.fileno(), check=False).returncode:
        raise SimError("the simulated cluster did not come up")
    cluster = load()
    if cluster is None:
        raise SimError("the simulated cluster is gone again")
    console.print("The simulated cluster stays up for the next preview; `python -m sim down` ends it.")
    return cluster


def _nowhere(folder: Path) -> Cluster:
    """Return a simulation in which nothing runs: only tools and plugins, and a kubeconfig file that does not exist."""
    from sim.cluster import ports
    from sim.pulumi_plugins.install import install
    from sim.tools.catalog import TOOLS
    from sim.tools.provide import provide

    tools = provide(console, [tool for tool in TOOLS if tool.plugin or tool.name in ("pulumi", "helm")])
    home = folder / "nowhere"
    cluster = Cluster(id="nowhere", directory=home, stack="sim", ports=ports.choose("nowhere"), tools=tools).save()
    install(cluster.pulumi_home, Path(sys.executable), tools)
    return cluster


def _environment(cluster: Cluster, folder: Path) -> dict[str, str]:
    caller = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    state = folder / "state"
    state.mkdir()
    ours = {
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_DEBUG_COMMANDS": "true",
        ANY_CLUSTER: "1",
    }  # PULUMI_DEBUG_COMMANDS is required by --event-log
    return caller | environment(cluster) | ours


def _preview(copy: Copy, world: World, folder: Path) -> Outcome:
    """Run the engine, and read its event log with the command that also reads those of real previews."""
    events = folder / f"{copy.stack}.events.jsonl"
    with _plugins(copy, world) as addresses:
        ran = _run(["pulumi", "stack", "init", copy.stack, "--non-interactive"], copy.folder, world)
        if not ran.returncode:
            ran = _engine(copy, replace(world, env={**world.env, "PULUMI_DEBUG_PROVIDERS": addresses()}), events)
    if not events.exists():
        return Outcome(copy, "", ran.stdout, good=False, events=events)
    read = _run([sys.executable, "-m", "ci.review", "diff", "--events", str(events)], paths.PROJECT, world, apart=True)
    return Outcome(copy, read.stdout, read.stderr, good=not (ran.returncode or read.returncode), events=events)


@contextmanager
def _plugins(copy: Copy, world: World) -> Iterator[Callable[[], str]]:
    """Start the stand-in plugins in one process while the stack is created; yield a function that returns their
    addresses.

    By default the engine starts one plugin after another, each when its first resource is registered. If none is
    installed, or one does not start, the engine starts it.
    """
    command = [sys.executable, "-P", "-m", "sim.pulumi_plugins", "--attach", *stand_ins(Path(world.env["PULUMI_HOME"]))]
    env = {**world.env, "PYTHONPATH": str(paths.PROJECT)}
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL  # the engine does not show a plugin's stderr either
    with subprocess.Popen(command, cwd=copy.folder, env=env, stdout=pipe, stderr=nowhere, text=True) as process:
        try:
            yield lambda: process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def _engine(copy: Copy, world: World, events: Path) -> subprocess.CompletedProcess[str]:
    policy = ["--policy-pack", "policy"] if (copy.folder / "policy" / ".venv").exists() else []
    options = ["--non-interactive", "--color", "never", "--event-log", str(events), *policy]
    return _run(["pulumi", "preview", "--stack", copy.stack, *options], copy.folder, world)


def _run(command: Sequence[str], folder: Path, world: World, apart: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=world.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if apart else subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _show(outcome: Outcome, world: World) -> None:
    sys.stdout.write(f"== {outcome.copy.stack}\n\n{outcome.diff}\n")
    sys.stdout.flush()
    stack = outcome.copy.stack
    for line in outcome.remarks.rstrip().splitlines():
        console.print(f"{stack}: {line}", markup=False)
    for sentence in (*outcome.copy.unchecked, *world.unchecked):
        console.print(f"{stack}: not checked: {sentence}", markup=False)
    console.print(f"{stack}: {'the preview is good' if outcome.good else 'the preview FAILED'}\n", markup=False)


def _keep(outcome: Outcome, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{outcome.copy.stack}.diff").write_text(outcome.diff, encoding="utf-8")
    if outcome.events.exists():
        (folder / outcome.events.name).write_bytes(outcome.events.read_bytes())


def main() -> None:
    try:
        typer.run(preview)
    except SimError as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
