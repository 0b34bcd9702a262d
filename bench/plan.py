"""Speed and size of the domain model: ``python bench/plan.py``.

Prints one JSON object: milliseconds of a Plan (median of 200, after import), of ``import wideep`` and of the imports
that a first Plan needs, each in fresh interpreters; seconds and peak MB of listing all layouts of 512 GPUs.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STACK = {
    "namespace": "bench",
    "model": "deepseek-ai/DeepSeek-R1",
    "hardware": {"gpu": "H200", "nodes": 13, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": "wide-104gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep:0.6.0"},
    "hfTokenSecret": "hf-token-secret",
    "modelCache": {"size": "1Ti"},
}
IMPORTS = {
    "import_wideep_ms": "import wideep",
    "import_of_first_plan_ms": "import wideep.plan, wideep.settings, wideep.rules",
}
FORBIDDEN = ("pulumi", "kubernetes", "rich", "typer")


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(ROOT))
    imports = {name: import_ms(statement) for name, statement in IMPORTS.items()}
    seconds, megabytes, count = enumeration()
    figures = {
        "plan_ms": plan_ms(),
        **imports,
        "enumerate_512_gpus_s": seconds,
        "enumerate_512_gpus_peak_mb": megabytes,
        "enumerate_512_gpus_layouts": count,
    }
    print(json.dumps(figures, indent=2))


def plan_ms(rounds: int = 200) -> float:
    """Return the median milliseconds of one Plan, from the raw config."""
    import wideep

    wideep.load(STACK)
    return round(statistics.median(timed(lambda: wideep.load(STACK)) for _ in range(rounds)) * 1000, 2)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def import_ms(statement: str, rounds: int = 7) -> float:
    """Return the median milliseconds of an import in fresh interpreters. Raise CalledProcessError if it imports Pulumi
    or the command's libraries."""
    script = (
        "import sys, time; start = time.perf_counter()\n"
        f"{statement}\n"
        "print(time.perf_counter() - start)\n"
        f"assert not set({FORBIDDEN!r}) & set(sys.modules), 'imports too much'"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(rounds)
    ]
    return round(statistics.median(float(seconds) for seconds in runs) * 1000, 1)


def enumeration() -> tuple[float, int, int]:
    """Return the seconds, the peak MiB of this process so far, and the number of layouts."""
    from wideep.catalog import MODELS
    from wideep.enumerate import layouts
    from wideep.settings.hardware import Gpu, Hardware, Interconnect

    hardware = Hardware(gpu=Gpu.H200, nodes=64, gpus_per_node=8, interconnect=Interconnect.INFINIBAND)
    start = time.perf_counter()
    found = layouts(MODELS["deepseek-ai/DeepSeek-R1"], hardware, 512)
    seconds = time.perf_counter() - start
    return round(seconds, 2), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, len(found.layouts)


if __name__ == "__main__":
    main()
