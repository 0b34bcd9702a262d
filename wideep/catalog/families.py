"""What SGLang 0.5.3.post2 can do with a model, by its model class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wideep.settings.model import ModelFamily

__all__ = ["FAMILIES", "Family"]


@dataclass(frozen=True)
class Family:
    """Features of one model class."""

    sglang_class: str
    deepep: bool
    """Its MoE block dispatches through DeepEP."""
    expert_location: bool
    """It can map experts to slots: redundant experts, EPLB and an initial location all need that."""
    pipeline: bool = True
    """It can be cut into pipeline stages."""


FAMILIES: Final[Mapping[ModelFamily, Family]] = MappingProxyType(
    {
        ModelFamily.DEEPSEEK_V3: Family("DeepseekV3ForCausalLM", deepep=True, expert_location=True),
        ModelFamily.QWEN3_MOE: Family("Qwen3MoeForCausalLM", deepep=True, expert_location=True),
        ModelFamily.GLM4_MOE: Family("Glm4MoeForCausalLM", deepep=True, expert_location=True, pipeline=False),
        # Its DeepEP branch raises, and its MXFP4 loader has no slots for redundant experts.
        ModelFamily.GPT_OSS: Family("GptOssForCausalLM", deepep=False, expert_location=False),
        ModelFamily.MIXTRAL: Family("MixtralForCausalLM", deepep=False, expert_location=False),
    }
)
