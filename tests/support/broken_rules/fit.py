"""Rules of GPU memory, each broken once."""

from __future__ import annotations

from tests.support.broken_rules.broken import Broken

CASES = (
    Broken(
        "weights_fit",
        "lab-8gpu",
        "prefill",
        {},
        "gpusPerNode",
        ("169.8 GB on each GPU", "64 expert slots", "0.8 × 147.4 = 117.9 GB", "use 8 H200 a worker"),
        {"gpusPerNode": 8, "tp": 8, "ep": 8},
        stack={"layout.decode": {"gpusPerNode": 8, "tp": 8, "dp": 8, "ep": 8}},
    ),
    Broken(
        "cache_is_useful",
        "lab-16gpu-singlenode",
        "decode",
        {"redundantExperts": 56},
        "redundantExperts",
        ("116.0 GB on each GPU", "leaves 1.9 GB or 27,619 tokens", "less than 32,768", "redundantExperts: 48"),
        {"redundantExperts": 48},
    ),
    Broken(
        "buffers_fit",
        "wide-32gpu",
        "decode",
        {"memFractionStatic": 0.9, "maxDispatchTokensPerRank": 1024},
        "maxDispatchTokensPerRank",
        (
            "buffers are 17.2 GB and a layer's tensors 9.4",
            "14.7 GB are left outside the pool",
            "memFractionStatic: 0.78",
        ),
        {"memFractionStatic": 0.78, "maxDispatchTokensPerRank": 1024},
    ),
)
