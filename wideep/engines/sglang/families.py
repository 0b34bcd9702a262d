"""What SGLang 0.5.3.post2 can do with a model, by the class that it loads for its family."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.base import Family
from wideep.settings.model import ModelFamily

__all__ = ["FAMILIES"]


FAMILIES: Final[Mapping[ModelFamily, Family]] = MappingProxyType(
    {
        ModelFamily.DEEPSEEK_V3: Family(deepep=True, expert_location=True),
        ModelFamily.QWEN3_MOE: Family(deepep=True, expert_location=True),
        ModelFamily.GLM4_MOE: Family(deepep=True, expert_location=True, pipeline=False),
        # Its DeepEP branch raises, and its MXFP4 loader has no slots for redundant experts.
        ModelFamily.GPT_OSS: Family(deepep=False, expert_location=False),
        ModelFamily.MIXTRAL: Family(deepep=False, expert_location=False),
    }
)
