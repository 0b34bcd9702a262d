"""What TensorRT-LLM supports for each family of models, according to the class that it loads.

The balancer supports the classes of ``moe_model_arch_list`` (``moe_load_balancer.py``): gpt-oss is only in newer lists,
and GLM-4.5 in none that was read. Pipeline stages are not modelled for any family.
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
        ModelFamily.GLM4_MOE: Family(deepep=True, expert_location=False, pipeline=False),
        ModelFamily.MIXTRAL: Family(deepep=True, expert_location=True, pipeline=False),
        ModelFamily.GPT_OSS: Family(deepep=False, expert_location=False, pipeline=False),
    }
)
