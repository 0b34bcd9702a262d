"""Speed and size of ``wideep advise``: ``python bench/advise.py``, with the extra installed (make setup-advise).

Prints one JSON object: for 16 to 128 H200 the seconds and peak MB of the whole command, first with an empty cache, then
with a full one; the same for one prediction in ``wideep plan``. ``python bench/advise.py sweep`` runs the estimator's
own search (``cli_default``) for 16 and 32 GPUs beside ours: many minutes.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = "deepseek-ai/DeepSeek-R1"
TRAFFIC = {"isl": 4000, "osl": 500}
STACK = {
    "namespace": "bench",
    "model": MODEL,
    "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": "wide-32gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep:0.6.0"},
    "hfTokenSecret": "hf-token-secret",
    "modelCache": {"size": "1Ti"},
    "traffic": TRAFFIC,
}


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["sweep"]:
        print(json.dumps({gpus: sweep(gpus) for gpus in (16, 32)}, indent=2))
        return
    figures: dict[str, object] = {}
    for gpus in (16, 32, 64, 128):
        figures[f"advise_{gpus}_gpus"] = cold_and_warm(["advise", "--gpu", "H200", "--gpus", str(gpus), "-o", "json"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.bench.yaml"
        file.write_text(json.dumps({"config": {f"dynamo-wideep:{key}": value for key, value in STACK.items()}}))
        figures["plan_with_prediction"] = cold_and_warm(["plan", "--file", str(file), "-o", "json"])
    print(json.dumps(figures, indent=2))


def cold_and_warm(args: list[str]) -> dict[str, float]:
    """Measure the command twice, in a fresh interpreter: with an empty cache, and with a full one."""
    with tempfile.TemporaryDirectory() as cache:
        first, second = (measured(args, cache) for _ in range(2))
    return {"cold_s": first[0], "cold_peak_mb": first[1], "warm_s": second[0], "warm_peak_mb": second[1]}


def measured(args: list[str], cache: str) -> tuple[float, float]:
    """Return the seconds and peak MB of one call."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "wideep_cli.main", *args],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": cache},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"wideep {' '.join(args)} failed")
    return round(time.perf_counter() - begin, 2), round(usage.ru_maxrss / 1024)


def sweep(gpus: int) -> dict[str, float]:
    """Run the estimator's own search for tokens/s per GPU, and ours."""
    from aiconfigurator.cli import api

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    found = api.cli_default(MODEL, gpus, "h200_sxm", backend="sglang", **TRAFFIC, ttft=2000, tpot=50)
    seconds = time.perf_counter() - begin
    theirs = float(found.best_configs["disagg"]["tokens/s/gpu"].max())
    return {"theirs": theirs, "theirs_s": round(seconds, 1), "ours": own(gpus), "ours_s": own_seconds(gpus)}


def own(gpus: int) -> float:
    """Return the tokens/s per GPU that ``wideep advise`` finds."""
    args = [sys.executable, "-m", "wideep_cli.main", "advise", "--gpu", "H200", "--gpus", str(gpus), "-o", "json"]
    result = subprocess.run(args, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(result.stdout)["best"][0]["tokens_per_second_per_gpu"])


def own_seconds(gpus: int) -> float:
    """Return the seconds that it takes with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        return measured(["advise", "--gpu", "H200", "--gpus", str(gpus), "-o", "json"], cache)[0]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
