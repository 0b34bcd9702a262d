"""What SGLang supports for each family of models, according to the class that it loads.

The classes behave the same from 0.5.3.post2 to 0.5.21, except for GLM's pipeline stages. In all these versions the
DeepEP branch of gpt-oss raises, and its MXFP4 loader divides the model's own experts over the GPUs (``gpt_oss.py``)
without slots for copies; Mixtral has neither DeepEP nor expert location.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from wideep.engines.base import Family
from wideep.engines.sglang.changes import GLM_STAGES
from wideep.settings.model import ModelFamily

__all__ = ["FAMILIES", "family_of"]


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
"""Support in the oldest version."""


def family_of(version: str, family: ModelFamily) -> Family:
    """Return what one version supports for a family."""
    found = FAMILIES[family]
    if family is ModelFamily.GLM4_MOE and GLM_STAGES.holds(version):
        return replace(found, pipeline=True)
    return found
