"""The metrics of SGLang that a simulated worker exposes: those of wideep's catalogue for its release that its arguments
and environment enable."""

from __future__ import annotations

import json
from typing import Final

from sim.kubelet.container_log import Engine, words
from sim.kubelet.pod import Pod
from sim.operator import contract
from sim.state import private_folder, write_private
from wideep.dynamo.releases import nearest
from wideep.monitoring.catalogue import METRICS

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
OF_FIRST_PROCESS: Final = (
    "sglang:time_to_first_token_seconds",
    "sglang:inter_token_latency_seconds",
    "sglang:prompt_tokens_total",
    "sglang:generation_tokens_total",
)
"""Metrics that 0.6.0 exposes only if its environment names the folder for them."""
BALANCE: Final = "sglang:eplb_balancedness"


def arguments(pod: Pod, engine: Engine) -> list[str]:
    """Return the worker program's arguments for its metrics: the file that lists them, and their labels' values."""
    newer = contract.LABEL_DISCOVERY in pod.labels
    file = private_folder(pod.machine.cluster.agent_dir / "metrics") / f"{pod.uid}.json"
    write_private(file, json.dumps(rows(pod.main, newer=newer)))
    kind = engine.role if newer else "unified"
    # The first node does not see the ranks of the other nodes.
    ranks = max(1, engine.dp // engine.nodes)
    return ["--metrics", str(file), "--engine-type", kind, "--ranks", str(ranks)]


def rows(container: contract.Manifest, *, newer: bool) -> list[dict[str, object]]:
    """Return name, kind and labels of each metric that a container exposes; empty without `--enable-metrics`."""
    line, env = words(container), {each["name"] for each in container.get("env") or []}
    if "--enable-metrics" not in line:
        return []
    release = nearest("1.6.1" if newer else "0.6.0")
    missing = () if newer or FOLDER_VARIABLE in env else OF_FIRST_PROCESS
    if "--expert-balancedness-report-mode" not in line:
        missing = (*missing, BALANCE)
    found = [each for each in METRICS if each.by == "SGLang" and each.is_in(release) and each.name not in missing]
    return [{"name": each.name, "kind": each.kind, "labels": sorted(each.labels)} for each in found]
