"""Rules of weight formats: which GPUs and engines run them, and how tensor parallelism may cut the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wideep.catalog.models import COUNTED_AS, MODELS
from wideep.errors import Problem
from wideep.parallelism import attention_tp, expert_tp
from wideep.rules.role_context import RoleContext
from wideep.settings.model import Gqa, Mla, ModelShape, WeightFormat

__all__ = [
    "format_is_computed",
    "fp8_needs_ada",
    "loaded_size_is_not_known",
    "nvfp4_needs_blackwell",
    "shards_are_whole_blocks",
]

BLOCK: Final = 128
FP8: Final = (WeightFormat.FP8_BLOCK, WeightFormat.FP8_CHANNEL)
UNITS: Final = {
    WeightFormat.FP8_BLOCK: (BLOCK, "FP8 blocks"),
    WeightFormat.FP8_CHANNEL: (16, "bytes of the FP8 kernels"),
    WeightFormat.NVFP4: (16, "weights that share a scale"),
}
"""What the width of a GPU's share must be a multiple of, and why. Other formats need whole columns only."""
FP8_CAPABILITY = 89
BLACKWELL: Final = 100


@dataclass(frozen=True)
class Cut:
    """One dimension of a weight, and the number of GPUs over which it is cut."""

    what: str
    width: int
    gpus: int
    remedy: str


def format_is_computed(site: RoleContext) -> Problem | None:
    """Refuse a weight format for which this program does not know the engine's kernels and memory."""
    stored = site.model.weight_format
    if stored in site.engine.formats:
        return None
    rule = f"{stored} weights are supported here on TensorRT-LLM only, not on {site.engine.title}"
    fix = "set backend: trtllm, or use a checkpoint of the model in FP8 or bf16"
    return Problem("model.weightFormat", stored, rule, fix)


def loaded_size_is_not_known(model: ModelShape) -> Problem | None:
    """Warn that the size of a 4-bit checkpoint is an estimate: its maker chooses which layers stay in bf16, and
    config.json does not say."""
    counted_as = COUNTED_AS.get(model.weight_format)
    if counted_as is None or model.is_shaped_as(MODELS[counted_as]):
        return None
    rule = (
        f"{model.name} is counted as {counted_as} is: which layers have 4 bits, and which bf16. "
        "What an engine loads of it was not measured"
    )
    fix = "compare `wideep plan`'s weights with what the engine logs when it loads them, at the first start"
    return Problem("model.weightFormat", model.weight_format, rule, fix)


def nvfp4_needs_blackwell(site: RoleContext) -> Problem | None:
    """Refuse NVFP4 on older GPUs: only Blackwell's tensor cores compute with 4-bit values (TensorRT-LLM's support
    matrix)."""
    if site.model.weight_format is not WeightFormat.NVFP4 or site.gpu.compute_capability >= BLACKWELL:
        return None
    capability = site.gpu.compute_capability / 10
    rule = f"{site.model.name} has NVFP4 weights, and this GPU has compute capability {capability}, below 10.0"
    return Problem("hardware.gpu", str(site.hardware.gpu), rule, "use B200 or newer, or a checkpoint in FP8")


def fp8_needs_ada(site: RoleContext) -> Problem | None:
    """Refuse FP8 weights on older GPUs: FP8 kernels need compute capability 8.9 (deepseek-ai/DeepSeek-R1 issue 588:
    "type fp8e4nv not supported")."""
    if site.model.weight_format not in FP8 or site.gpu.compute_capability >= FP8_CAPABILITY:
        return None
    capability = site.gpu.compute_capability / 10
    rule = f"{site.model.name} has FP8 weights, and this GPU (compute capability {capability}) has no FP8"
    return Problem("hardware.gpu", str(site.hardware.gpu), rule, "use H100-80 or newer, or a bf16 model")


def shards_are_whole_blocks(site: RoleContext) -> Problem | None:
    """Refuse a share of an FP8 block-quantized weight that is not whole blocks of 128
    (``Fp8LinearMethod.create_weights``).

    FP8 by channel needs multiples of 16 (``fp8_scaled_mm``); without FP8 the share must be whole columns.
    """
    unit, of = UNITS.get(site.model.weight_format, (1, ""))
    for cut in _cuts(site):
        if cut.width % (cut.gpus * unit):
            share = f"{cut.what}, {cut.width} wide, over {cut.gpus} GPUs is {cut.width / cut.gpus:g} each"
            rule = f"{share}, not a multiple of {unit} ({of})" if of else f"{share}, not a whole number"
            return site.problem("tp", site.role.tp, rule, cut.remedy)
    return None


def _cuts(site: RoleContext) -> Iterator[Cut]:
    role, model = site.role, site.model
    shares = site.engine.shares(role)
    if model.dense_layers:
        yield Cut("the dense layers", model.dense_width, shares.dense_layers, shares.fewer)
    if model.shared_experts:
        width = model.expert_width * model.shared_experts
        yield Cut("the shared expert", width, shares.shared_expert, shares.fewer)
    yield Cut("an expert", model.expert_width, expert_tp(role), f"set ep: {role.tp}")
    group, more_groups = attention_tp(role), "use a greater dp, so that fewer GPUs (tp / dp) share the attention"
    match model.attention:
        case Mla() as mla:
            yield Cut("q_b", mla.heads * (mla.qk_nope_head_dim + mla.qk_rope_head_dim), group, more_groups)
            yield Cut("o_proj", mla.heads * mla.v_head_dim, group, more_groups)
        case Gqa() as gqa:
            yield Cut("q_proj", gqa.heads * gqa.head_dim, group, more_groups)
