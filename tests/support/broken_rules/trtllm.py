"""TensorRT-LLM's own rules, each broken once: what the message says, and what fixes it."""

from __future__ import annotations

from tests.support.broken_rules.broken import MIXTRAL, Broken
from tests.support.configs import hardware

TRTLLM: dict[str, object] = {"backend": "trtllm", "platform": {"version": "1.6.1"}, "image": None}
GLM = {"model": "zai-org/GLM-4.5", "hardware": hardware("B200")}
NVFP4 = {"model": "nvidia/DeepSeek-R1-FP4"}
ROOM = {"workers": {"sharedMemory": "800Gi"}}
LAB = "lab-16gpu-singlenode"
BALANCED: dict[str, object] = {"eplb": {"enabled": True}, "redundantExperts": 32}
DRAFTED = {"algorithm": "EAGLE", "numSteps": 1, "eagleTopk": 1, "numDraftTokens": 2}
SHORT = {"contextLength": 4096}

CASES = (
    Broken("one_stage", LAB, "prefill", {"tp": 4, "pp": 2, "ep": 4}, "pp", ("SGLang only", "pp: 1 and tp: 8"), {}),
    Broken(
        *("attention_dp_is_all_or_none", LAB, "decode", {"dp": 4}, "dp"),
        ("single GPUs, or all 8 GPUs", "set dp: 8 or 1, or backend: sglang or vllm"),
        {"dp": 8},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"speculative": DRAFTED}, "speculative"),
        ("speculative decoding on TensorRT-LLM is not supported", "backend: sglang"),
        {},
        stack={"layout.prefill": {"speculative": DRAFTED}},
        mended_stack={"layout.prefill": {}},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"twoBatchOverlap": True}, "twoBatchOverlap"),
        ("does not cut a batch in two", "backend: sglang or vllm"),
        {},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"dp": 1, "moeDenseTp": 1}, "moeDenseTp"),
        ("over all 8 GPUs", "set dp: 8"),
        {"dp": 8, "moeDenseTp": 1},
    ),
    Broken(
        *("keys_of_another_engine", LAB, "decode", {"kvCacheDtype": "fp8_e5m2"}, "kvCacheDtype"),
        ("e4m3", "set kvCacheDtype: fp8_e4m3"),
        {"kvCacheDtype": "fp8_e4m3"},
        stack={"layout.prefill": {"kvCacheDtype": "fp8_e5m2"}},
        mended_stack={"layout.prefill": {"kvCacheDtype": "fp8_e4m3"}},
    ),
    *(
        Broken(
            *("keys_of_another_engine", LAB, "decode", {"eplb": {key: value}}, f"eplb.{key}"),
            (str(value), "remove it"),
            {},
        )
        for key, value in {
            "rebalanceIterations": 500,
            "algorithm": "deepseek_vec",
            "dispatchAlgorithm": "dynamic",
            "recorderMode": "stat",
            "initialExpertLocation": "/model-cache/experts.json",
        }.items()
    ),
    Broken(
        *("nvfp4_needs_blackwell", LAB, "decode", {}, "hardware.gpu"),
        ("NVFP4 weights", "compute capability 9.0", "use B200 or newer"),
        {},
        stack=NVFP4,
        mended_stack={"hardware": hardware("B200")},
    ),
    Broken(
        *("slots_divide", LAB, "decode", BALANCED | {"redundantExperts": 20}, "redundantExperts"),
        ("(256 experts + 20 redundant) % ep 8 = 4", "set redundantExperts: 16 or 24"),
        BALANCED | {"redundantExperts": 16},
        stack=ROOM,
    ),
    Broken(
        *("slots_divide", LAB, "decode", {"nodes": 3, "tp": 24, "dp": 24, "ep": 24}, "ep"),
        ("(256 experts + 0 redundant) % ep 24 = 16", "set ep: 1, 2, 4 or 8"),
        {"nodes": 4, "tp": 32, "dp": 32, "ep": 32},
    ),
    Broken(
        *("balancing_needs_model", "lab-32gpu", "decode", SHORT | {"eplb": {"enabled": True}}, "eplb.enabled"),
        ("Glm4MoeForCausalLM", "set eplb: {enabled: false}"),
        SHORT,
        stack=GLM | ROOM | {"layout.prefill": SHORT},
    ),
    Broken(
        *("balancing_needs_ep", LAB, "decode", {"ep": 1, "eplb": {"enabled": True}}, "ep"),
        ("with ep 1", "set ep: 8"),
        {"ep": 8, "eplb": {"enabled": True}},
        stack=MIXTRAL | ROOM,
    ),
    Broken(
        *("balancing_needs_backend", LAB, "decode", {"eplb": {"enabled": True}}, "eplb.enabled"),
        ("the balancer of TensorRT-LLM 1.2.0rc3 works with the backend WIDEEP only", "or backend: vllm"),
        {},
        stack=MIXTRAL | ROOM | {"platform": {"version": "0.7.1"}},
    ),
    Broken(
        *("balancer_fits_shared_memory", LAB, "decode", BALANCED, "workers.sharedMemory"),
        ("layout.decode", "keeps all experts in shared memory, 654 GB", "set sharedMemory: 700Gi"),
        BALANCED,
        mended_stack={"workers": {"sharedMemory": "700Gi"}},
    ),
    Broken(
        *("copies_need_balancer", LAB, "decode", {"redundantExperts": 32}, "redundantExperts"),
        ("only with its load balancer", "set eplb: {enabled: true}, or redundantExperts: 0"),
        {"redundantExperts": 0},
    ),
    Broken(
        *("wide_decode_runs", "lab-32gpu", "decode", {}, "platform.version"),
        ("crashes on every rank in TensorRT-LLM 1.3.0rc19", "set platform.version: 1.4.2 or newer, or 1.2.1"),
        {},
        stack={"platform": {"version": "1.3.1"}},
        mended_stack={"platform": {"version": "1.4.2"}},
    ),
    Broken(
        *("deepep_needs_known_model", LAB, "decode", {"moeA2aBackend": "deepep"}, "moeA2aBackend"),
        ("GptOssForCausalLM", "set moeA2aBackend: none"),
        {},
        stack={"model": "openai/gpt-oss-120b"},
    ),
    Broken(
        *("deepep_needs_attention_dp", LAB, "decode", {"moeA2aBackend": "deepep", "dp": 1}, "dp"),
        ("each GPU is an attention group of its own", "set dp: 8, or moeA2aBackend: none"),
        {"moeA2aBackend": "deepep", "dp": 8},
    ),
    Broken(
        *("deepep_runs_on_hopper", LAB, "decode", {"moeA2aBackend": "deepep"}, "moeA2aBackend"),
        ("Hopper and newer", "A100-80", "set moeA2aBackend: none"),
        {},
        stack=MIXTRAL | {"hardware": hardware("A100-80")},
    ),
    Broken(
        *("pages_are_a_power_of_two", LAB, "decode", {"pageSize": 48}, "pageSize"),
        ("a power of two", "set pageSize: 32"),
        {"pageSize": 32},
        stack={"layout.prefill": {"pageSize": 48}},
        mended_stack={"layout.prefill": {"pageSize": 32}},
    ),
    Broken(
        *("transfer_buffers_fit", LAB, "decode", {"contextLength": 163_840}, "contextLength"),
        ("the cache of 163,840 tokens are 23.0 GB", "set contextLength: "),
        {"contextLength": 32_768},
    ),
)
