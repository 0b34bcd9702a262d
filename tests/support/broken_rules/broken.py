"""The type of a broken rule, and models that break some rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.support.configs import EXAMPLE


@dataclass(frozen=True)
class Broken:
    """A stack that breaks one rule, and the same stack fixed as the message says."""

    rule: str
    preset: str
    role: str
    change: dict[str, object]
    key: str
    says: tuple[str, ...]
    mended: dict[str, object]
    stack: dict[str, object] = field(default_factory=dict)
    mended_stack: dict[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A unique name: the rule, and the change that breaks it."""
        return f"{self.rule}, {self.role} of {self.preset}: {json.dumps(self.change)}"


MIXTRAL = {"model": "mistralai/Mixtral-8x7B-Instruct-v0.1"}
QWEN = {"model": "Qwen/Qwen3-30B-A3B"}
QWEN_FP8 = {"model": "Qwen/Qwen3-30B-A3B-FP8"}
ODD_WIDTH = {"model": EXAMPLE | {"name": "example/odd", "weightFormat": "fp8-block", "hiddenSize": 1536}}
SIX_KV_HEADS = {
    "model": {
        **ODD_WIDTH["model"],
        "weightFormat": "bf16",
        "attention": {"kind": "gqa", "heads": 24, "kvHeads": 6, "headDim": 128},
    }
}
DRAFTED = {"speculative": {"algorithm": "EAGLE3", "draftModel": "/model-cache/draft", "draftGb": 1.5}}
