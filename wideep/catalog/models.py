"""Models of the catalog, from their own config.json files.

Sizes on disk are the sum of a repository's safetensors files. A row without a revision is not pinned: the commit is
not known here, so the download says so and follows the repository's main branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.settings.model import Gqa, Mla, ModelFamily, ModelShape, WeightFormat

__all__ = ["MODELS"]


def _deepseek_v3(name: str) -> ModelShape:
    """One shape for R1 and V3 of all dates: DeepSeek-V3's config.json, without its multi-token-prediction layer."""
    return ModelShape(
        name=name,
        family=ModelFamily.DEEPSEEK_V3,
        weight_format=WeightFormat.FP8_BLOCK,
        layers=61,
        dense_layers=3,
        hidden_size=7168,
        vocab_size=129280,
        attention=Mla(
            kind="mla",
            heads=128,
            q_lora_rank=1536,
            kv_lora_rank=512,
            qk_nope_head_dim=128,
            qk_rope_head_dim=64,
            v_head_dim=128,
        ),
        experts=256,
        experts_per_token=8,
        expert_width=2048,
        shared_experts=1,
        dense_width=18432,
        context_length=163840,
        disk_bytes=688_600_000_000,
    )


_ROWS: Final = (
    _deepseek_v3("deepseek-ai/DeepSeek-R1"),
    _deepseek_v3("deepseek-ai/DeepSeek-R1-0528"),
    _deepseek_v3("deepseek-ai/DeepSeek-V3"),
    _deepseek_v3("deepseek-ai/DeepSeek-V3-0324"),
    ModelShape(
        name="Qwen/Qwen3-235B-A22B",
        family=ModelFamily.QWEN3_MOE,
        weight_format=WeightFormat.BF16,
        layers=94,
        hidden_size=4096,
        vocab_size=151936,
        attention=Gqa(kind="gqa", heads=64, kv_heads=4, head_dim=128),
        experts=128,
        experts_per_token=8,
        expert_width=1536,
        context_length=40960,
        disk_bytes=470_000_000_000,
    ),
    ModelShape(
        name="Qwen/Qwen3-30B-A3B",
        family=ModelFamily.QWEN3_MOE,
        weight_format=WeightFormat.BF16,
        layers=48,
        hidden_size=2048,
        vocab_size=151936,
        attention=Gqa(kind="gqa", heads=32, kv_heads=4, head_dim=128),
        experts=128,
        experts_per_token=8,
        expert_width=768,
        context_length=40960,
        disk_bytes=61_000_000_000,
    ),
    ModelShape(
        name="mistralai/Mixtral-8x7B-Instruct-v0.1",
        family=ModelFamily.MIXTRAL,
        weight_format=WeightFormat.BF16,
        layers=32,
        hidden_size=4096,
        vocab_size=32000,
        attention=Gqa(kind="gqa", heads=32, kv_heads=8, head_dim=128),
        experts=8,
        experts_per_token=2,
        expert_width=14336,
        context_length=32768,
        disk_bytes=93_000_000_000,
    ),
    ModelShape(
        name="mistralai/Mixtral-8x22B-Instruct-v0.1",
        family=ModelFamily.MIXTRAL,
        weight_format=WeightFormat.BF16,
        layers=56,
        hidden_size=6144,
        vocab_size=32768,
        attention=Gqa(kind="gqa", heads=48, kv_heads=8, head_dim=128),
        experts=8,
        experts_per_token=2,
        expert_width=16384,
        context_length=65536,
        disk_bytes=281_000_000_000,
    ),
    ModelShape(
        name="openai/gpt-oss-120b",
        family=ModelFamily.GPT_OSS,
        weight_format=WeightFormat.MXFP4,
        layers=36,
        hidden_size=2880,
        vocab_size=201088,
        attention=Gqa(kind="gqa", heads=64, kv_heads=8, head_dim=64),
        experts=128,
        experts_per_token=4,
        expert_width=2880,
        context_length=131072,
        disk_bytes=65_000_000_000,
    ),
)

MODELS: Final[Mapping[str, ModelShape]] = MappingProxyType({row.name: row for row in _ROWS})
"""By Hugging Face repository."""
