"""The log format of SGLang's workers, and the interface of their expert recorder (``sglang.srt.eplb``)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from wideep.engines.base import ExpertRecorder, LogFormat
from wideep.engines.sglang.changes import GRAPHS_BY_PHASE, REPORT_MODE, Since

__all__ = ["FORMAT", "RECORDER", "log_format"]

FORMAT: Final = LogFormat(
    stages=(
        ("Init torch distributed begin", "connecting its ranks"),
        ("Init torch distributed ends", "its ranks are connected"),
        ("Load weight begin", "loading weights"),
        ("Load weight end", "weights loaded, allocating the KV cache"),
        ("KV Cache is allocated", "KV cache allocated"),
        ("Capture cuda graph begin", "capturing CUDA graphs"),
        ("Capture cuda graph end", "CUDA graphs captured"),
        ("The server is fired up", "registering"),
    ),
    shards=re.compile(r"Loading safetensors checkpoint shards:\s*(\d+)% Completed"),
    free_before_load=re.compile(r"Load weight begin\. avail mem=(\d+(?:\.\d+)?) GB"),
    loaded="Load weight end",
    capturing="Capture cuda graph",
    graphs="cuda graph",
    graphs_failed="cuda graph failed",
    ready="fired up and ready",
    average_balance=re.compile(r"last_(\d+)_average_balancedness=(\d\.\d+)"),
    balance=re.compile(r"\[Expert Balancedness\].*?current_pass_balancedness=([\d.]+)"),
    balance_flag="--enable-expert-distribution-metrics",
    balancer_started="[EPLBManager] system started",
    rebalance_begun=re.compile(r"\[EPLBManager\] rebalance start"),
    rebalance_ended=re.compile(r"\[EPLBManager\] rebalance end(?: time=([\d.]+)s)?"),
)
RECORDER: Final = ExpertRecorder(
    port=30000,
    start="/start_expert_distribution_record",
    stop="/stop_expert_distribution_record",
    dump="/dump_expert_distribution_record",
    folder_variable="SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR",
    files="expert_distribution_recorder_*.pt",
)
"""The recorder of SGLang's own HTTP server, which Dynamo's worker does not start in any release up to 1.6.1."""
_PARALLEL: Final = Since((0, 5, 21), "distributed/bootstrap.py")


def log_format(version: str) -> LogFormat:
    """Return the log format of one version: that of ``FORMAT`` with the texts that the version changed."""
    renamed: dict[str, str] = {}
    if GRAPHS_BY_PHASE.holds(version):  # "Capture target decode CUDA graph begin"
        renamed |= {"Capture cuda graph begin": "CUDA graph begin", "Capture cuda graph end": "CUDA graph end"}
    if _PARALLEL.holds(version):
        renamed |= {
            "Init torch distributed begin": "Init parallel begin",
            "Init torch distributed ends": "Init parallel ends",
        }
    stages = tuple((renamed.get(line, line), meaning) for line, meaning in FORMAT.stages)
    capturing = "CUDA graph begin" if GRAPHS_BY_PHASE.holds(version) else FORMAT.capturing
    if not REPORT_MODE.holds(version):
        return replace(FORMAT, stages=stages, capturing=capturing)
    flag = "--expert-balancedness-report-mode=server_log"  # one word, as in a list of arguments
    return replace(FORMAT, stages=stages, capturing=capturing, balance_flag=flag, balance_too=frozenset({"both"}))
