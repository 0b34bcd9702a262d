"""Rules of quantized weights, each broken once."""

from __future__ import annotations

from tests.support.broken_rules.broken import QWEN_FP8, Broken
from tests.support.configs import hardware

CASES = (
    Broken(
        "format_is_computed",
        "lab-16gpu-singlenode",
        "decode",
        {},
        "model.weightFormat",
        ("nvfp4 weights are supported here on TensorRT-LLM only", "not on SGLang", "set backend: trtllm"),
        {},
        stack={"model": "nvidia/DeepSeek-R1-FP4", "hardware": hardware("B200")},
        mended_stack={"model": "deepseek-ai/DeepSeek-R1"},
    ),
    Broken(
        "fp8_needs_ada",
        "lab-16gpu-singlenode",
        "decode",
        {},
        "hardware.gpu",
        ("FP8 weights", "H100-80 or newer"),
        {},
        stack={"hardware": hardware("A100-80")},
        mended_stack={"hardware": hardware("H200")},
    ),
    Broken(
        "shards_are_whole_blocks",
        "lab-32gpu",
        "decode",
        {"nodes": 4, "tp": 32, "dp": 32, "ep": 32},
        "tp",
        ("18432 wide, over 32 GPUs is 576 each", "not a multiple of 128", "moeA2aBackend: deepep and moeDenseTp: 1"),
        {
            "nodes": 4,
            "tp": 32,
            "dp": 32,
            "ep": 32,
            "moeA2aBackend": "deepep",
            "deepepMode": "low_latency",
            "moeDenseTp": 1,
        },
    ),
    Broken(
        "shards_are_whole_blocks",
        "lab-8gpu",
        "decode",
        {"ep": 1},
        "tp",
        ("an expert, 768 wide, over 4 GPUs is 192 each", "set ep: 4"),
        {"ep": 4},
        stack=QWEN_FP8,
    ),
)
