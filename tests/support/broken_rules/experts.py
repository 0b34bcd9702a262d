"""Rules of experts, their copies and their balancing, each broken once."""

from __future__ import annotations

from tests.support.broken_rules.broken import MIXTRAL, QWEN, Broken

CASES = (
    Broken(
        "balancing_needs_model",
        "lab-16gpu-singlenode",
        "decode",
        {"redundantExperts": 8},
        "redundantExperts",
        ("MixtralForCausalLM", "set redundantExperts: 0"),
        {"redundantExperts": 0},
        stack=MIXTRAL,
    ),
    Broken(
        "balancing_needs_model",
        "lab-16gpu-singlenode",
        "decode",
        {"eplb": {"enabled": True}},
        "eplb.enabled",
        ("MixtralForCausalLM", "set eplb: {enabled: false}"),
        {"eplb": {"enabled": False}},
        stack=MIXTRAL,
    ),
    Broken(
        "balancing_needs_ep",
        "lab-8gpu",
        "decode",
        {"ep": 1, "redundantExperts": 4},
        "ep",
        ("redundantExperts: 4", "with ep 1 each GPU has all of them", "set ep: 2 or 4"),
        {"ep": 4, "redundantExperts": 4},
        stack=QWEN,
    ),
    Broken(
        "eplb_needs_ep_of_tp",
        "lab-16gpu-singlenode",
        "decode",
        {"ep": 4, "eplb": {"enabled": True}},
        "ep",
        ("all 8 GPUs", "set ep: 8"),
        {"ep": 8, "eplb": {"enabled": True}},
    ),
    Broken(
        "recorder_fits_deepep",
        "wide-32gpu",
        "decode",
        {"deepepMode": "auto"},
        "deepepMode",
        ("auto mode", "set deepepMode: low_latency"),
        {"deepepMode": "low_latency"},
    ),
    Broken(
        "recorder_fits_deepep",
        "wide-32gpu",
        "decode",
        {"eplb": {"recorderMode": "stat_approx"}},
        "eplb.recorderMode",
        ("only with DeepEP in normal mode", "set recorderMode: stat"),
        {"eplb": {"recorderMode": "stat"}},
    ),
    Broken(
        "hierarchical_needs_groups",
        "wide-104gpu",
        "decode",
        {"eplb": {"algorithm": "deepseek_hierarchical"}},
        "eplb.algorithm",
        ("8 expert groups", "9 nodes", "set algorithm: deepseek"),
        {"eplb": {"algorithm": "deepseek"}},
    ),
    Broken(
        "recorder_fits_interval",
        "wide-32gpu",
        "decode",
        {
            "eplb": {"enabled": True, "rebalanceIterations": 500},
            "extraArgs": ["--expert-distribution-recorder-buffer-size", "600"],
        },
        "extraArgs",
        ("keeps 600 steps", "rebalances every 500", "eplb.rebalanceIterations: 600"),
        {
            "eplb": {"enabled": True, "rebalanceIterations": 600},
            "extraArgs": ["--expert-distribution-recorder-buffer-size", "600"],
        },
    ),
    Broken(
        "location_is_a_file",
        "wide-32gpu",
        "decode",
        {"eplb": {"initialExpertLocation": "experts.json"}},
        "eplb.initialExpertLocation",
        ("absolute path", "/model-cache/experts.json"),
        {"eplb": {"initialExpertLocation": "/model-cache/experts.json"}},
    ),
)
