"""Rules of a worker's parallel sizes, each broken once."""

from __future__ import annotations

from tests.support.broken_rules.broken import MIXTRAL, SIX_KV_HEADS, Broken

CASES = (
    Broken("tp_is_all_gpus", "wide-32gpu", "decode", {"tp": 8}, "tp", ("2 × 8", "16", "set tp: 16"), {"tp": 16}),
    Broken(
        "dp_divides_tp",
        "lab-16gpu-singlenode",
        "decode",
        {"dp": 3},
        "dp",
        ("tp 8", "3 equal attention groups", "8 / 3 = 2.67", "set dp: 1, 2, 4 or 8"),
        {"dp": 4},
    ),
    Broken(
        "ep_divides_tp",
        "lab-16gpu-singlenode",
        "prefill",
        {"ep": 5},
        "ep",
        ("tp 8", "8 / 5 = 1.60", "set ep: 1, 2, 4 or 8"),
        {"ep": 4},
    ),
    Broken("ep_divides_tp", "wide-32gpu", "decode", {"ep": 8}, "ep", ("deepep", "tp is 16", "set ep: 16"), {"ep": 16}),
    Broken(
        "tp_at_most_experts",
        "lab-32gpu",
        "decode",
        {"ep": 8},
        "tp",
        ("8 experts a layer", "use 8 GPUs a worker"),
        {"nodes": 1, "tp": 8, "dp": 8, "ep": 8},
        stack=MIXTRAL | {"layout.prefill": {"nodes": 1, "tp": 8, "ep": 8}},
    ),
    Broken(
        "experts_divide",
        "wide-104gpu",
        "decode",
        {"redundantExperts": 48},
        "redundantExperts",
        ("(256 experts + 48 redundant) % ep 72 = 16", "set redundantExperts: 32 or 104"),
        {"redundantExperts": 104},
    ),
    Broken(
        "experts_divide",
        "wide-32gpu",
        "prefill",
        {"redundantExperts": 8},
        "redundantExperts",
        ("(256 experts + 8 redundant) % ep 16 = 8", "set redundantExperts: 0 or 16"),
        {"redundantExperts": 16},
    ),
    Broken(
        "heads_divide",
        "lab-32gpu",
        "prefill",
        {"nodes": 3, "tp": 24, "dp": 1, "ep": 8},
        "dp",
        ("128 attention heads % (tp 24 / dp 1 = 24 GPUs) = 8", "set dp: 3, 6, 12 or 24"),
        {"nodes": 3, "tp": 24, "dp": 24, "ep": 24, "redundantExperts": 8, "moeA2aBackend": "deepep", "moeDenseTp": 1},
    ),
    Broken(
        "kv_heads_divide",
        "lab-8gpu",
        "decode",
        {"dp": 1, "ep": 4},
        "dp",
        ("6 KV heads", "groups of 4 GPUs", "set dp: 2 or 4"),
        {"dp": 2, "ep": 4},
        stack=SIX_KV_HEADS | {"layout.prefill": {"dp": 4}},
    ),
    Broken(
        "requests_for_each_group",
        "lab-16gpu-singlenode",
        "decode",
        {"maxRunningRequests": 7},
        "maxRunningRequests",
        ("dp 8", "set maxRunningRequests: 8"),
        {"maxRunningRequests": 8},
    ),
)
