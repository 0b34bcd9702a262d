"""The class of each model family, as listed under ``architectures`` of a config.json and named by the engines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.model import ModelFamily

__all__ = ["ARCHITECTURES"]

ARCHITECTURES: Final[Mapping[ModelFamily, str]] = MappingProxyType(
    {
        ModelFamily.DEEPSEEK_V3: "DeepseekV3ForCausalLM",
        ModelFamily.QWEN3_MOE: "Qwen3MoeForCausalLM",
        ModelFamily.GLM4_MOE: "Glm4MoeForCausalLM",
        ModelFamily.GPT_OSS: "GptOssForCausalLM",
        ModelFamily.MIXTRAL: "MixtralForCausalLM",
    }
)
