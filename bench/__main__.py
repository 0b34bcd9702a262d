"""What the command and a preview cost on this machine: ``python -m bench [--rounds 7] [--cluster] [--graphs 1,10]``.

All benchmarks run in sequence and print Markdown; each table names the command that gives its figures alone. Without
--cluster nothing is started. With it, `make preview` is measured on the simulated cluster against a program that
creates nothing, and the life of a stack against that program and against helm and kubectl. --graphs takes these numbers
of stacks through their life, each on its own cluster (hours for 100).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GPUS = (16, 64, 512, 4096, 8192)
"""Sizes of a stack: workers of 8 GPUs, half of them prefill. DeepSeek-R1 has no stack of fewer than 16 H200."""
TARGETS_MS = {"wideep --help": 150, "wideep plan": 300}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of each call; medians are printed")
    parser.add_argument(
        "--cluster", action="store_true", help="bring up the simulated cluster; measure previews and a life"
    )
    parser.add_argument("--graphs", default="", help="numbers of graphs on one cluster, for example 1,10,100")
    asked = parser.parse_args(arguments)
    before = os.getloadavg()[0]
    tables = [commands(asked.rounds), growth(asked.rounds)]
    if asked.cluster:
        tables += [previews(asked.rounds), life(asked.rounds)]
    if asked.graphs:
        tables.append(graphs([int(number) for number in asked.graphs.split(",")]))
    print("\n\n".join([machine(before), *tables]))


def machine(before: float) -> str:
    """Describe the machine, and whether it was busy with something else meanwhile."""
    return (
        f"Measured on {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), Python "
        f"{platform.python_version()}. Load average before and after: {before:.1f}, {os.getloadavg()[0]:.1f}."
    )


def commands(rounds: int) -> str:
    """Return the table of the command's calls, each in fresh processes."""
    from bench.command import CALLS, run

    rows: list[list[str]] = []
    for call, words in CALLS.items():
        runs = [run(words) for _ in range(rounds)]
        wall, cpu = (round(1000 * statistics.median(each)) for each in zip(*runs, strict=True))
        target = TARGETS_MS.get(call)
        rows.append(
            [
                f"`{call}`",
                str(wall),
                str(cpu),
                f"{target} ({verdict(wall, target, os.getloadavg()[0])})" if target else "",
            ]
        )
    return page("The command, `python bench/command.py`", ["", "ms", "CPU ms", "target, ms"], rows)


def verdict(found: float, target: float, load: float) -> str:
    """Tell whether the target is reached, or by what factor it is missed; a busy machine cannot tell."""
    if found > target and load > (os.cpu_count() or 1):
        return "the machine is too busy to tell"
    return "reached" if found <= target else f"missed, {found / target:.1f} ×"


def growth(rounds: int) -> str:
    """Return the table of the time for a Plan by the stack's GPUs, after import, with the slope of a linear
    regression."""
    import wideep
    from bench.plan import timed

    def milliseconds(config: Mapping[str, Any]) -> float:
        wideep.load(config)
        return 1000 * statistics.median(timed(lambda: wideep.load(config)) for _ in range(rounds))

    found = [milliseconds(stack_of(gpus)) for gpus in GPUS]
    slope, at_none = statistics.linear_regression(GPUS, found)
    rows = [[f"{gpus:,}", f"{each:.1f}"] for gpus, each in zip(GPUS, found, strict=True)]
    table = page("A plan by its GPUs, `python -m bench`", ["GPUs", "ms"], rows)
    return f"{table}\n\nSlope: {1000 * slope:+.2f} ms per 1,000 GPUs, from {at_none:.1f} ms."


def stack_of(gpus: int) -> dict[str, Any]:
    """Return the config of a stack of that many GPUs."""
    from bench.plan import STACK

    workers = gpus // 8
    prefill = workers // 2
    layout = {
        "preset": "lab-16gpu-singlenode",
        "prefill": {"replicas": prefill},
        "decode": {"replicas": workers - prefill},
    }
    hardware = {"gpu": "H200", "nodes": workers, "gpusPerNode": 8, "interconnect": "infiniband"}
    return STACK | {"hardware": hardware, "layout": layout}


def previews(rounds: int) -> str:
    """Return the table of `make preview` and of an empty program, as bench/preview.py measures them."""
    command = [sys.executable, str(ROOT / "bench" / "preview.py"), str(rounds)]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    names = {"prod": "prod", "empty": "a program that makes nothing", "dev_and_prod": "dev and prod at once"}
    rows = [[shown, f"{found[f'{name}_s']}", f"{found[f'{name}_cpu_s']}"] for name, shown in names.items()]
    rows.append(["prod ÷ empty", f"{found['prod_to_empty']} ×", f"{found['prod_to_empty_cpu']} ×"])
    return page(f"A preview, `python bench/preview.py {rounds}`", ["", "s", "CPU s"], rows)


def life(rounds: int) -> str:
    """Return the table of a stack's life, of two small programs', and of one by hand, as bench.life measures them."""
    from bench.life import COMMANDS

    found = on_own_cluster("bench.life", "--rounds", str(rounds))
    columns = {
        "stack": "stack, s",
        "empty": "a program that creates nothing, s",
        "one of each plugin": "one resource of each plugin, s",
        "by hand": "helm and kubectl, s",
        "stack to by hand": "stack ÷ by hand",
    }
    rows = [[phase, *(str(found[each].get(phase, "")) for each in columns)] for phase in COMMANDS]
    return page(f"A stack's life, `python -m bench.life --rounds {rounds}`", ["", *columns.values()], rows)


def graphs(numbers: Sequence[int]) -> str:
    """Return the table of the life of so many stacks on one cluster, as bench/load.py measures it. Raise
    CalledProcessError if one was lost."""
    rows: list[list[str]] = []
    for number in numbers:
        said = on_own_cluster("bench.load", "--graphs", str(number))
        phases = {name: found for name, found in said.items() if isinstance(found, dict)}
        rows += [
            [str(number), name, str(found["wall_s"]), str(found["one_median_s"]), str(found["sim_mb"])]
            for name, found in phases.items()
            if "one_median_s" in found
        ]
    head = ["graphs", "", "all, s", "one, median s", "MB of the simulation"]
    return page("Graphs on one cluster, `python -m bench.load --graphs N`", head, rows)


def on_own_cluster(module: str, *words: str) -> dict[str, Any]:
    """Return the output of a benchmark that starts and stops a cluster. It is not the cluster of the previews, which
    stays up."""
    command, env = [sys.executable, "-m", module, *words], os.environ | {"SIM_ID": "bench"}
    return json.loads(subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout)


def page(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a title, as Markdown."""
    from wideep_cli.markdown import table

    return f"## {title}\n\n{table(list(head), [list(row) for row in rows])}"


if __name__ == "__main__":
    main()
