"""``model``: the shape of a mixture-of-experts transformer, as far as the memory calculation and the rules need it.

It is a name of the catalog (``wideep.catalog.models``), an object with these keys, or ``{config: PATH}`` of a Hugging
Face config.json (``wideep.catalog.huggingface``). Widths are counts of elements.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import RelativePath

__all__ = ["Attention", "Gqa", "Mla", "ModelFamily", "ModelShape", "WeightFormat"]

Size = Annotated[int, Field(ge=1, le=100_000_000)]
Optionally = Annotated[int, Field(ge=0, le=100_000_000)]


class WeightFormat(StrEnum):
    """How the linear layers' weights are stored, on disk and on the GPU."""

    FP8_BLOCK = "fp8-block"
    """One byte per weight, one FP32 scale for each block of 128 × 128."""
    FP8_CHANNEL = "fp8-channel"
    """One byte per weight, one FP32 scale for each output channel, or for the whole tensor."""
    BF16 = "bf16"
    MXFP4 = "mxfp4"
    """Experts only: 4 bits per weight and one scale byte for every 32 weights. All else is bf16."""
    NVFP4 = "nvfp4"
    """NVIDIA's checkpoints for Blackwell: experts, shared expert and dense layers have 4 bits per weight and one scale
    byte for every 16 weights. Attention, embedding and lm_head are counted in bf16, as in DeepSeek-R1-FP4."""


class ModelFamily(StrEnum):
    """The SGLang model class, as far as it decides which features are available (``wideep.catalog.families``)."""

    DEEPSEEK_V3 = "deepseek-v3"
    QWEN3_MOE = "qwen3-moe"
    MIXTRAL = "mixtral"
    GPT_OSS = "gpt-oss"
    GLM4_MOE = "glm4-moe"


class Mla(SettingsModel):
    """Multi-head latent attention: one compressed vector per token and layer is cached, whatever the number of
    heads."""

    kind: Literal["mla"]
    """The kind of attention."""
    heads: Size
    """Query heads."""
    q_lora_rank: Size | None = None
    """Width of the compressed query. None: queries are projected in one step."""
    kv_lora_rank: Size
    """Width of the latent vector that is cached."""
    qk_nope_head_dim: Size
    """Width of the part of a query or key head without position."""
    qk_rope_head_dim: Size
    """Width of the rotary part, which is cached once for all heads."""
    v_head_dim: Size
    """Width of a value head."""


class Gqa(SettingsModel):
    """Grouped-query attention: the keys and values of ``kv_heads`` heads are cached."""

    kind: Literal["gqa"]
    """The kind of attention."""
    heads: Size
    """Query heads."""
    kv_heads: Size
    """Heads of keys and values; several query heads share one."""
    head_dim: Size
    """Width of a head."""


Attention = Annotated[Mla | Gqa, Field(discriminator="kind")]


class ModelShape(SettingsModel):
    """A model as numbers. See the module."""

    name: RelativePath
    """Hugging Face repository, and the name under which the model is served."""
    family: ModelFamily
    """The SGLang model class."""
    weight_format: WeightFormat
    """How the weights of the linear layers are stored."""
    layers: Size
    """All layers, both dense ones and those with experts."""
    dense_layers: Optionally = 0
    """Layers with one plain MLP instead of experts."""
    hidden_size: Size
    """Width of the residual stream."""
    vocab_size: Size
    """Rows of the embedding and of the lm_head."""
    attention: Attention
    """``kind: mla`` or ``kind: gqa``, with its sizes."""
    experts: Annotated[int, Field(ge=1, le=65_536)]
    """Routed experts of one layer (E)."""
    expert_groups: Size | None = None
    """Groups from which the router picks experts (n_group). None: the model has none."""
    experts_per_token: Size
    """Top-k of the router."""
    expert_width: Size
    """Intermediate size of one expert."""
    shared_experts: Optionally = 0
    """Experts that every token visits, each of ``expertWidth``."""
    draft_layers: Optionally = 0
    """Multi-token-prediction layers of the repository (num_nextn_predict_layers): they can draft for ``speculative``,
    and are not loaded without it."""
    dense_width: Optionally = 0
    """Intermediate size of the dense layers."""
    tied_embeddings: bool = False
    """True: the lm_head and the embedding are one tensor."""
    context_length: Size
    """Tokens of the longest sequence that the model supports."""
    disk_bytes: Annotated[int, Field(ge=1)] | None = None
    """Size of the repository's weights in bytes. None: not known, and taken to be the bytes that are loaded."""
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Commit of the repository to download. None: not pinned."""

    @property
    def moe_layers(self) -> int:
        """Layers with experts."""
        return self.layers - self.dense_layers

    def is_shaped_as(self, other: ModelShape) -> bool:
        """Tell whether all numbers equal the other model's: a fine-tuned model differs only in its name."""
        own = {"name": other.name, "revision": other.revision, "disk_bytes": other.disk_bytes}
        return self.model_copy(update=own) == other
