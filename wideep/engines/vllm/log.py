"""The log format of vLLM's workers, which is the same from 0.16.0 to 0.31.0.

With EPLB, the profiling at startup ends with a rearrangement that moves nothing ("(profile)"). In async mode no line
marks the end of a rearrangement, so its beginning counts.
"""

from __future__ import annotations

import re
from typing import Final

from wideep.engines.base import LogFormat

__all__ = ["FORMAT"]

FORMAT: Final = LogFormat(
    stages=(
        ("Starting to load model", "loading weights"),
        ("Model loading took", "weights loaded, measuring activations"),
        ("Available KV cache memory", "KV cache allocated"),
        ("Capturing CUDA graphs", "capturing CUDA graphs"),
        ("Graph capturing finished", "CUDA graphs captured"),
        ("init engine (profile, create kv cache, warmup model) took", "registering"),
    ),
    shards=re.compile(r"Loading safetensors checkpoint shards:\s*(\d+)% Completed"),
    free_before_load=re.compile(r"Free memory on device [^(\n]*\((\d+(?:\.\d+)?)/"),
    loaded="Model loading took",
    capturing="Capturing CUDA graphs",
    graphs="cuda graph",
    graphs_failed="cuda graph failed",
    ready="init engine (profile, create kv cache, warmup model) took",
    average_balance=None,
    balance=re.compile(r"EPLB step: \d+ for model .*?balancedness=([\d.]+)"),
    balance_flag="--eplb-config.log_balancedness=true",
    balancer_started="Rearranging experts",
    rebalance_begun=re.compile(r"Rearranging experts \(?a?sync mode\)? \.\.\."),
    rebalance_ended=re.compile(r"Rearranged experts +in ([\d.]+) s|Rearranging experts \(async mode\) \.\.\."),
)
