"""The log format of TensorRT-LLM's workers.

The lines come from a public log of 1.1.0rc3, of a worker with one GPU, and from the sources around that version; no
worker was run for this. CUDA graphs are captured twice: before the cache is sized, and after. The balancer moves
experts layer by layer between two steps without logging it.
"""

from __future__ import annotations

import re
from typing import Final

from wideep.engines.base import LogFormat

__all__ = ["FORMAT"]

NEVER: Final = re.compile(r"(?!)")
"""Matches nothing, for lines that TensorRT-LLM does not write."""
FORMAT: Final = LogFormat(
    stages=(
        ("Using LLM with PyTorch backend", "starting its ranks"),
        ("GB for model weights", "loading weights"),
        ("Model init total", "weights loaded, trying a step"),
        ("[Autotuner] Autotuning process starts", "tuning kernels"),
        ("CUDA graph warmup", "capturing CUDA graphs"),
        ("available KV cache memory when calculating max tokens", "sizing the KV cache"),
        ("Setting PyTorch memory fraction", "registering"),
    ),
    shards=re.compile(r"Loading weights:\s*(\d+)%"),
    free_before_load=NEVER,
    loaded="Model init total",
    capturing="Creating CUDA graph instances",
    graphs="cuda graph",
    graphs_failed="cuda graph capture failed",
    ready="Setting PyTorch memory fraction",
    average_balance=None,
    balance=NEVER,
    balance_flag=None,
    balancer_started="MoeLoadBalancer",
    rebalance_begun=NEVER,
    rebalance_ended=NEVER,
)
