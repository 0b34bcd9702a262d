"""How long the wideep command takes: ``python bench/command.py``.

Prints one JSON object: for each call the median of seven fresh processes, in milliseconds of wall time and of CPU time
(user and system together, which a busy machine affects less), and for comparison a Python that does nothing.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
CALLS = {
    "python -c pass": ["-c", "pass"],
    "wideep --help": ["-m", "wideep_cli.main", "--help"],
    "wideep plan": ["-m", "wideep_cli.main", "plan", "--file", "Pulumi.prod.yaml"],
    "wideep plan --output json": ["-m", "wideep_cli.main", "plan", "--file", "Pulumi.prod.yaml", "--output", "json"],
    "wideep layouts": ["-m", "wideep_cli.main", "layouts"],
}


def main() -> None:
    """Measure and print."""
    print(json.dumps({call: measured(arguments) for call, arguments in CALLS.items()}, indent=2))


def measured(arguments: list[str]) -> dict[str, float]:
    """Return the medians of one call."""
    runs = [run(arguments) for _ in range(ROUNDS)]
    return {
        "wall_ms": round(statistics.median(wall for wall, _ in runs) * 1000),
        "cpu_ms": round(statistics.median(cpu for _, cpu in runs) * 1000),
    }


def run(arguments: list[str]) -> tuple[float, float]:
    """Return the wall and CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
