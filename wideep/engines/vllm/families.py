"""What vLLM supports for each family of models, according to the class that it loads.

Redundant experts and EPLB need a class that implements the protocol ``MixtureOfExperts``, which that of gpt-oss does
not, up to 0.31.0. Pipeline stages are not modelled for any family.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.base import Family
from wideep.settings.model import ModelFamily

__all__ = ["FAMILIES"]

FAMILIES: Final[Mapping[ModelFamily, Family]] = MappingProxyType(
    {
        ModelFamily.DEEPSEEK_V3: Family(deepep=True, expert_location=True, pipeline=False),
        ModelFamily.QWEN3_MOE: Family(deepep=True, expert_location=True, pipeline=False),
        ModelFamily.GLM4_MOE: Family(deepep=True, expert_location=True, pipeline=False),
        ModelFamily.MIXTRAL: Family(deepep=True, expert_location=True, pipeline=False),
        ModelFamily.GPT_OSS: Family(deepep=False, expert_location=False, pipeline=False),
    }
)
