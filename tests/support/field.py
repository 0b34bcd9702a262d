"""Published measurements and failures, as stacks: small inputs with invented names, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.configs import hardware

__all__ = ["FAIL", "RUN", "Known"]


@dataclass(frozen=True)
class Known:
    """A role that is known to run, or to run out of memory."""

    name: str
    source: str
    layout: Mapping[str, object] | str
    role: str
    gpu: str = "H200"
    model: str = "deepseek-ai/DeepSeek-R1"

    @property
    def stack(self) -> dict[str, object]:
        """The keys that differ from a plain stack's."""
        return {"layout": self.layout, "model": self.model, "hardware": hardware(self.gpu)}


def _wide(gpus: int, **changed: object) -> dict[str, object]:
    """Return a role as in SGLang's large-scale EP report, with a recorded expert location in place of EPLB."""
    return {
        "replicas": 1,
        "nodes": gpus // 8,
        "gpusPerNode": 8,
        "tp": gpus,
        "dp": gpus,
        "ep": gpus,
        "moeA2aBackend": "deepep",
        "redundantExperts": 32,
        "moeDenseTp": 1,
        "dpLmHead": True,
        "eplb": {"initialExpertLocation": "/model-cache/p.json"},
        **changed,
    }


_REPORT = {
    "prefill": _wide(32, deepepMode="normal", memFractionStatic=0.85, twoBatchOverlap=True, chunkedPrefillSize=524288),
    "decode": _wide(
        72,
        deepepMode="low_latency",
        memFractionStatic=0.835,
        twoBatchOverlap=True,
        contextLength=4500,
        maxDispatchTokensPerRank=256,
        cudaGraphBatchSizes=[256],
    ),
}
_RECIPE = {"preset": "lab-32gpu", "prefill": {"memFractionStatic": 0.75}, "decode": {"memFractionStatic": 0.75}}
_ONE_NODE = {
    "prefill": _wide(8, deepepMode="normal", memFractionStatic=0.846),
    "decode": _wide(8, deepepMode="low_latency", memFractionStatic=0.846),
}
_PLAIN = {"replicas": 1, "nodes": 1, "gpusPerNode": 4, "tp": 4, "dp": 1, "ep": 1, "memFractionStatic": 0.93}
_TIGHT = {
    "replicas": 1,
    "nodes": 2,
    "gpusPerNode": 8,
    "tp": 16,
    "dp": 16,
    "ep": 16,
    "moeA2aBackend": "deepep",
    "deepepMode": "low_latency",
    "memFractionStatic": 0.9,
    "cudaGraphBatchSizes": [1, 2, 4, 8, 16, 32, 64, 128],
}
_ADVISED = {
    "replicas": 1,
    "nodes": 2,
    "gpusPerNode": 8,
    "tp": 16,
    "dp": 8,
    "ep": 16,
    "moeA2aBackend": "deepep",
    "deepepMode": "low_latency",
    "moeDenseTp": 1,
    "dpLmHead": True,
    "maxDispatchTokensPerRank": 64,
    "memFractionStatic": 0.9,
}

_6017 = "sgl-project/sglang#6017"
RUN = (
    Known("96 H100, prefill", f"SGLang's large-scale EP report, {_6017}", _REPORT, "prefill", "H100-80"),
    Known("96 H100, decode", f"SGLang's large-scale EP report, {_6017}", _REPORT, "decode", "H100-80"),
    Known("8 H200 with DeepEP, prefill", _6017, _ONE_NODE, "prefill"),
    Known("8 H200 with DeepEP, decode", _6017, _ONE_NODE, "decode"),
    Known("16 + 16 H200, prefill", "Dynamo's recipe tep16p-dep16d", _RECIPE, "prefill"),
    Known("16 + 16 H200, decode", "Dynamo's recipe tep16p-dep16d", _RECIPE, "decode"),
    Known("8 + 8 H200, prefill", "Dynamo's recipe tep8p-dep8d", "lab-16gpu-singlenode", "prefill"),
    Known("8 + 8 H200, decode", "Dynamo's recipe tep8p-dep8d", "lab-16gpu-singlenode", "decode"),
    Known(
        "4 H100 at 0.93",
        "vllm-project/vllm#21348",
        {"prefill": _PLAIN, "decode": _PLAIN},
        "decode",
        "H100-80",
        "Qwen/Qwen3-235B-A22B-FP8",
    ),
)
"""Published layouts that run: none may be refused, and none may be said to be short of memory."""

FAIL = (
    Known(
        "0.9 of an H100 with DeepEP",
        "sgl-project/sglang#5285",
        {"preset": "wide-32gpu", "prefill": {"redundantExperts": 0, "eplb": {}}, "decode": _TIGHT},
        "decode",
        "H100-80",
    ),
    Known(
        "0.9 of an H100 with DeepEP and small batches",
        "the same, as `wideep advise` once had it",
        {"preset": "wide-32gpu", "prefill": {"redundantExperts": 0, "eplb": {}}, "decode": _ADVISED},
        "decode",
        "H100-80",
    ),
    Known(
        "1024 dispatched tokens",
        "DeepEP's own formula: 17 GB of buffers, and 9 of tensors a layer",
        {"preset": "wide-32gpu", "decode": {"maxDispatchTokensPerRank": 1024, "memFractionStatic": 0.85}},
        "decode",
    ),
    Known(
        "0.82 of an H100 with 32 redundant experts",
        "what this program once told to write",
        {
            "preset": "wide-32gpu",
            "prefill": {"redundantExperts": 0, "eplb": {}},
            "decode": {"memFractionStatic": 0.82},
        },
        "decode",
        "H100-80",
    ),
)
"""Layouts that run out of memory: the role's key must be refused or warned about."""
