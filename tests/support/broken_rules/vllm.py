"""vLLM's own rules, each broken once: what the message says, and what fixes it."""

from __future__ import annotations

from tests.support.broken_rules.broken import MIXTRAL, Broken
from tests.support.configs import EXAMPLE, hardware

VLLM: dict[str, object] = {"backend": "vllm", "platform": {"version": "1.6.1"}}
GPT_OSS = {"model": "openai/gpt-oss-120b"}
WIDE_HIDDEN = {"model": EXAMPLE | {"name": "example/wide", "hiddenSize": 9216}}
WIDE, LAB = "wide-32gpu", "lab-16gpu-singlenode"
DRAFTED = {"algorithm": "EAGLE", "numSteps": 1, "eagleTopk": 1, "numDraftTokens": 2}

CASES = (
    Broken("one_stage", LAB, "prefill", {"tp": 4, "pp": 2, "ep": 4}, "pp", ("SGLang only", "pp: 1 and tp: 8"), {}),
    Broken(
        *("experts_over_all_or_none", LAB, "decode", {"ep": 4}, "ep"),
        ("over all 8 GPUs", "set ep: 8 or 1, or backend: sglang"),
        {"ep": 8},
    ),
    Broken(
        *("groups_within_nodes", "lab-32gpu", "decode", {"nodes": 3, "tp": 24, "ep": 24, "dp": 2}, "dp"),
        ("12 GPUs do not fill pods of 8", "set dp: 3, 6, 12 or 24, or backend: sglang"),
        {"nodes": 3, "tp": 24, "ep": 24, "dp": 3},
        stack={"layout.prefill": {"dp": 16}},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"speculative": DRAFTED}, "speculative"),
        ("speculative decoding on vLLM is not supported", "backend: sglang"),
        {},
        stack={"layout.prefill": {"speculative": DRAFTED}},
        mended_stack={"layout.prefill": {}},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"dp": 4, "moeDenseTp": 1}, "moeDenseTp"),
        ("tp / dp = 2 GPUs", "set dp: 8"),
        {"dp": 8, "moeDenseTp": 1},
    ),
    *(
        Broken(
            *("keys_of_another_engine", WIDE, "decode", {"eplb": {key: value}}, f"eplb.{key}"),
            (value, "backend: sglang"),
            {},
        )
        for key, value in {
            "algorithm": "deepseek_vec",
            "dispatchAlgorithm": "dynamic",
            "recorderMode": "stat",
            "initialExpertLocation": "/model-cache/experts.json",
        }.items()
    ),
    Broken(
        *("slots_divide", WIDE, "decode", {"redundantExperts": 20}, "redundantExperts"),
        ("(256 experts + 20 redundant) % ep 16 = 4", "set redundantExperts: 16 or 32"),
        {"redundantExperts": 16},
    ),
    Broken(
        *("balancing_needs_model", LAB, "decode", {"eplb": {"enabled": True}}, "eplb.enabled"),
        ("GptOssForCausalLM", "set eplb: {enabled: false}"),
        {},
        stack=GPT_OSS,
    ),
    Broken(
        *("balancing_needs_ep", LAB, "decode", {"ep": 1, "eplb": {"enabled": True}}, "ep"),
        ("with ep 1", "set ep: 8"),
        {"ep": 8, "eplb": {"enabled": True}},
        stack=MIXTRAL,
    ),
    Broken(
        *("copies_need_eplb", WIDE, "decode", {"eplb": {"enabled": False}}, "redundantExperts"),
        ("32", "only with EPLB", "set eplb: {enabled: true}, or redundantExperts: 0"),
        {"eplb": {"enabled": False}, "redundantExperts": 0},
    ),
    Broken(
        *("copies_need_eplb", WIDE, "decode", {"redundantExperts": 1024}, "redundantExperts"),
        ("at most 1023",),
        {"redundantExperts": 32},
    ),
    Broken(
        *(
            "deepep_needs_known_model",
            LAB,
            "decode",
            {"moeA2aBackend": "deepep", "deepepMode": "low_latency"},
            "moeA2aBackend",
        ),
        ("GptOssForCausalLM", "set moeA2aBackend: none"),
        {},
        stack=GPT_OSS,
    ),
    Broken(
        *("deepep_has_one_mode", WIDE, "decode", {"deepepMode": "auto"}, "deepepMode"),
        ("auto", "set deepepMode: low_latency, or backend: sglang"),
        {"deepepMode": "low_latency"},
    ),
    Broken(
        *("deepep_needs_groups", LAB, "prefill", {"moeA2aBackend": "deepep", "deepepMode": "normal"}, "dp"),
        ("dp above 1", "set dp: 8"),
        {"moeA2aBackend": "deepep", "deepepMode": "normal", "dp": 8},
    ),
    Broken(
        *(
            "deepep_runs_on_hopper",
            LAB,
            "decode",
            {"moeA2aBackend": "deepep", "deepepMode": "low_latency"},
            "moeA2aBackend",
        ),
        ("Hopper and newer", "A100-80", "set moeA2aBackend: none"),
        {},
        stack=MIXTRAL | {"hardware": hardware("A100-80")},
    ),
    Broken(
        *("low_latency_needs_hidden_size", LAB, "decode"),
        {"moeA2aBackend": "deepep", "deepepMode": "low_latency"},
        "deepepMode",
        ("up to hidden size 8192", "9216", "set deepepMode: normal"),
        {"moeA2aBackend": "deepep", "deepepMode": "normal"},
        stack=WIDE_HIDDEN,
    ),
    Broken(
        *("two_batches_need_deepep", LAB, "decode", {"twoBatchOverlap": True}, "twoBatchOverlap"),
        ("dual batch overlap", "set twoBatchOverlap: false"),
        {},
    ),
    Broken(
        *("block_size_fits_attention", LAB, "decode", {"pageSize": 16}, "pageSize"),
        ("pages of 64 tokens", "set pageSize: 64"),
        {"pageSize": 64},
        stack={"layout.prefill": {"pageSize": 16}},
        mended_stack={"layout.prefill": {"pageSize": 64}},
    ),
    Broken(
        *("share_is_free", LAB, "decode", {"memFractionStatic": 0.99}, "memFractionStatic"),
        ("0.99 × 150.1 GB", "set memFractionStatic: 0.98 or less"),
        {"memFractionStatic": 0.98},
    ),
)
