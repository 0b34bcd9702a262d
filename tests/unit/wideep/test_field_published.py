"""Layouts that their authors published as running: none is refused, and none gets a warning of memory."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.configs import hardware, settings
from wideep.rules import check, warnings

MEMORY: Final = ("memFractionStatic", "contextLength", "redundantExperts", "maxDispatchTokensPerRank")


def wide(gpus: int, per_node: int, mode: str, **more: object) -> dict[str, object]:
    """Attention and experts over all GPUs, with DeepEP: SGLang's large-scale layouts."""
    sizes = {"nodes": gpus // per_node, "gpusPerNode": per_node, "tp": gpus, "dp": gpus, "ep": gpus}
    deepep = {"moeA2aBackend": "deepep", "deepepMode": mode, "moeDenseTp": 1, "dpLmHead": True}
    return {"replicas": 1, **sizes, **deepep, **more}


def plain(gpus: int, nodes: int = 1, dp: int = 1, ep: int = 1, **more: object) -> dict[str, object]:
    """A layout without DeepEP."""
    return {"replicas": 1, "nodes": nodes, "gpusPerNode": gpus // nodes, "tp": gpus, "dp": dp, "ep": ep, **more}


P: Final = {"eplb": {"initialExpertLocation": "/model-cache/p.json"}}
D: Final = {"eplb": {"initialExpertLocation": "/model-cache/d.json"}}
R1: Final = "deepseek-ai/DeepSeek-R1"
PUBLISHED: Final[dict[str, tuple[Any, ...]]] = {
    "Kimi-K2 on 128 H200": (
        "moonshotai/Kimi-K2-Instruct",
        hardware("H200", 16),
        wide(32, 8, "normal", redundantExperts=32, memFractionStatic=0.85, chunkedPrefillSize=524288, **P),
        wide(
            *(96, 8, "low_latency"),
            redundantExperts=96,
            memFractionStatic=0.85,
            contextLength=4500,
            cudaGraphBatchSizes=[128],
            **D,
        ),
    ),
    "R1 on 56 GPUs of a GB200 rack": (
        R1,
        hardware("GB200", 14, 4, "nvlink"),
        wide(8, 4, "normal", memFractionStatic=0.75, contextLength=4096, chunkedPrefillSize=65536),
        wide(
            *(48, 4, "low_latency"),
            redundantExperts=32,
            memFractionStatic=0.75,
            contextLength=4500,
            cudaGraphBatchSizes=[768],
            maxDispatchTokensPerRank=768,
            **D,
        ),
    ),
    "R1 on 8 + 8 H200": (R1, hardware("H200", 2), *[plain(8, memFractionStatic=0.88)] * 2),
    "R1 on 8 + 8 B200": (R1, hardware("B200", 2), *[plain(8, memFractionStatic=0.9)] * 2),
    "R1 on 16 + 16 H100": (R1, hardware("H100-80", 4), *[plain(16, 2, memFractionStatic=0.88)] * 2),
    "R1 on 16 + 16 H20": (R1, hardware("H20", 4), *[plain(16, 2, memFractionStatic=0.9, contextLength=65536)] * 2),
    "Qwen3-235B in FP8 on 8 + 8 H100": (
        *("Qwen/Qwen3-235B-A22B-FP8", hardware("H100-80", 2)),
        *[plain(8, dp=8, ep=8, memFractionStatic=0.85, contextLength=32768)] * 2,
    ),
    "Qwen3-235B in FP8 on 4 + 4 H200": (
        *("Qwen/Qwen3-235B-A22B-FP8", hardware("H200", 1)),
        *[plain(4, ep=4, memFractionStatic=0.9)] * 2,
    ),
    "Mixtral on 2 + 2 H100": (
        *("mistralai/Mixtral-8x7B-Instruct-v0.1", hardware("H100-80", 1)),
        *[plain(2, ep=2, memFractionStatic=0.88)] * 2,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_layout_is_accepted_without_a_warning_of_memory(name: str) -> None:
    model, nodes, prefill, decode = PUBLISHED[name]
    config: dict[str, Any] = {"model": model, "hardware": nodes, "layout": {"prefill": prefill, "decode": decode}}
    parsed = settings(**config, platform={"version": "1.6.1"}, modelCache={"size": "4Ti"})

    assert [str(problem) for problem in check(parsed)] == []
    assert [str(each) for each in warnings(parsed) if each.key.split(".")[-1] in MEMORY] == []
