"""What is read from the log of SGLang's workers, and how their expert recorder is asked (``sglang.srt.eplb``)."""

from __future__ import annotations

import re
from typing import Final

from wideep.engines.base import ExpertRecorder, LogFormat

__all__ = ["FORMAT", "RECORDER"]

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
    balancer_started="[EPLBManager] system started",
    rebalance_begun="[EPLBManager] rebalance start",
    rebalance_ended=re.compile(r"\[EPLBManager\] rebalance end(?: time=([\d.]+)s)?"),
)
RECORDER: Final = ExpertRecorder(
    port=30000,
    start="/start_expert_distribution_record",
    stop="/stop_expert_distribution_record",
    dump="/dump_expert_distribution_record",
    metrics_flag="--enable-expert-distribution-metrics",
    folder_variable="SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR",
    files="expert_distribution_recorder_*.pt",
)
"""Of its own HTTP server, which the worker of Dynamo 0.6.0 does not start."""
