"""The models of the catalog, from their own config.json files.

``disk_bytes`` is the published size of the repository's weights; without it, the bytes that the model's shape needs are
assumed. ``revision`` is the commit of the repository that was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from wideep.settings.model import Gqa, Mla, ModelFamily, ModelShape, WeightFormat

__all__ = ["COUNTED_AS", "MODELS"]


_DEEPSEEK_V3: Final = partial(
    ModelShape,
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
    expert_groups=8,
    experts_per_token=8,
    expert_width=2048,
    shared_experts=1,
    draft_layers=1,
    dense_width=18432,
    context_length=163840,
    disk_bytes=688_600_000_000,
)
"""The shape of all dated versions of R1 and V3: DeepSeek-V3's config.json, without its multi-token-prediction layer."""
_QWEN3: Final = partial(ModelShape, family=ModelFamily.QWEN3_MOE, vocab_size=151936, experts_per_token=8)
_QWEN3_30B: Final = partial(
    _QWEN3,
    layers=48,
    hidden_size=2048,
    attention=Gqa(kind="gqa", heads=32, kv_heads=4, head_dim=128),
    experts=128,
    expert_width=768,
    context_length=40960,
)
_QWEN3_235B: Final = partial(
    _QWEN3,
    layers=94,
    hidden_size=4096,
    attention=Gqa(kind="gqa", heads=64, kv_heads=4, head_dim=128),
    experts=128,
    expert_width=1536,
    context_length=40960,
)
_QWEN3_CODER: Final = partial(
    _QWEN3,
    layers=62,
    hidden_size=6144,
    attention=Gqa(kind="gqa", heads=96, kv_heads=8, head_dim=128),
    experts=160,
    expert_width=2560,
    context_length=262144,
)

_ROWS: Final = (
    _DEEPSEEK_V3(name="deepseek-ai/DeepSeek-R1", revision="56d4cbbb4d29f4355bab4b9a39ccb717a14ad5ad"),
    _DEEPSEEK_V3(name="deepseek-ai/DeepSeek-R1-0528", revision="4236a6af538feda4548eca9ab308586007567f52"),
    _DEEPSEEK_V3(name="deepseek-ai/DeepSeek-V3", revision="e815299b0bcbac849fa540c768ef21845365c9eb"),
    _DEEPSEEK_V3(name="deepseek-ai/DeepSeek-V3-0324", revision="e9b33add76883f293d6bf61f6bd89b497e80e335"),
    _DEEPSEEK_V3(name="deepseek-ai/DeepSeek-V3.1", revision="c0781d039fb7a1ba2abc4add0bdc293e92d2b8db"),
    # Its size includes the multi-token-prediction layer in bf16, by the element counts on the model's page.
    _DEEPSEEK_V3(
        name="nvidia/DeepSeek-R1-FP4",
        weight_format=WeightFormat.NVFP4,
        disk_bytes=424_000_000_000,
        revision="4bedb8a695a119b1a38d16a675c4665e58708aea",
    ),
    _QWEN3_235B(
        name="Qwen/Qwen3-235B-A22B",
        weight_format=WeightFormat.BF16,
        disk_bytes=470_000_000_000,
        revision="8efa61729e24bd65b1d152b5ab5409052aa80e65",
    ),
    _QWEN3_235B(
        name="Qwen/Qwen3-235B-A22B-FP8",
        weight_format=WeightFormat.FP8_BLOCK,
        revision="39eb2b067ea6b8e3e1dd97d3cd0c7ffeaf3e1a35",
    ),
    _QWEN3_30B(
        name="Qwen/Qwen3-30B-A3B",
        weight_format=WeightFormat.BF16,
        disk_bytes=61_000_000_000,
        revision="ad44e777bcd18fa416d9da3bd8f70d33ebb85d39",
    ),
    _QWEN3_30B(
        name="Qwen/Qwen3-30B-A3B-FP8",
        weight_format=WeightFormat.FP8_BLOCK,
        revision="d206ba732169f29bb77fbf80fc2c4b81d4d30782",
    ),
    _QWEN3_CODER(
        name="Qwen/Qwen3-Coder-480B-A35B-Instruct",
        weight_format=WeightFormat.BF16,
        revision="9d90cf8fca1bf7b7acca42d3fc9ae694a2194069",
    ),
    _QWEN3_CODER(
        name="Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8",
        weight_format=WeightFormat.FP8_BLOCK,
        revision="003f183a92fbe5b9a8325aaa8b2ae797c91dd90f",
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
        revision="eba92302a2861cdc0098cc54bc9f17cb2c47eb61",
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
        revision="cc88a6cc19fbd17d9f1c0ee0b0d70a748dce698d",
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
        revision="b5c939de8f754692c1647ca79fbf85e8c1e70f8a",
    ),
    ModelShape(
        name="moonshotai/Kimi-K2-Instruct",
        family=ModelFamily.DEEPSEEK_V3,
        weight_format=WeightFormat.FP8_BLOCK,
        layers=61,
        dense_layers=1,
        hidden_size=7168,
        vocab_size=163840,
        attention=Mla(
            kind="mla",
            heads=64,
            q_lora_rank=1536,
            kv_lora_rank=512,
            qk_nope_head_dim=128,
            qk_rope_head_dim=64,
            v_head_dim=128,
        ),
        experts=384,
        expert_groups=1,
        experts_per_token=8,
        expert_width=2048,
        shared_experts=1,
        dense_width=18432,
        context_length=131072,
        revision="fd1984e2b7a3350dbf7305fe73a4ede25c14de50",
    ),
    ModelShape(
        name="zai-org/GLM-4.5",
        family=ModelFamily.GLM4_MOE,
        weight_format=WeightFormat.BF16,
        layers=92,
        dense_layers=3,
        hidden_size=5120,
        vocab_size=151552,
        attention=Gqa(kind="gqa", heads=96, kv_heads=8, head_dim=128),
        experts=160,
        expert_groups=1,
        experts_per_token=8,
        expert_width=1536,
        shared_experts=1,
        draft_layers=1,
        dense_width=12288,
        context_length=131072,
        disk_bytes=716_000_000_000,
        revision="cbb2c7cfb52fa128a9660cb1a7a78e017899e115",
    ),
)

MODELS: Final[Mapping[str, ModelShape]] = MappingProxyType({row.name: row for row in _ROWS})
"""Models by Hugging Face repository."""

COUNTED_AS: Final[Mapping[WeightFormat, str]] = MappingProxyType(
    {WeightFormat.MXFP4: "openai/gpt-oss-120b", WeightFormat.NVFP4: "nvidia/DeepSeek-R1-FP4"}
)
"""Checkpoint by format, which determines which layers the plan counts in 4 bits, and which in bf16."""
