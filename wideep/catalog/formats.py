"""The format of a model's weights by its config.json as SGLang 0.5.3.post2 reads it, or why it is not supported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from wideep.settings.model import WeightFormat

__all__ = ["INSTEAD", "Unsupported", "weight_format"]

Object = Mapping[str, object]

BLOCK: Final = [128, 128]
INSTEAD: Final = (
    "use a checkpoint of the model in FP8 blocks of 128 × 128, FP8 with a scale a channel, bf16, or gpt-oss' MXFP4: "
    "its config.json says which"
)
NOT_COUNTED: Final = "the plan has no arithmetic for its memory and no rules for its kernels"
METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "awq": "4-bit integers (AWQ)",
        "gptq": "4- or 8-bit integers (GPTQ)",
        "w4afp8": "4-bit expert weights with FP8 activations, which need compute capability 9.0",
        "modelopt": "a format of NVIDIA's ModelOpt other than NVFP4",
        "bitsandbytes": "bitsandbytes",
        "w8a8_int8": "8-bit integers",
        "blockwise_int8": "8-bit integers in blocks",
        "fbgemm_fp8": "FP8 of FBGEMM",
        "quark": "AMD's Quark",
    }
)
"""Descriptions of other values of ``quant_method`` in a config.json."""


_WITHOUT: Final[Mapping[str, str]] = MappingProxyType({"modelopt_fp4": "NVFP4", "modelopt_fp8": "FP8"})
"""ModelOpt's algorithm by ``quant_method``, for files of newer versions in which only the method gives it."""


@dataclass(frozen=True)
class Unsupported:
    """A format for which the plan cannot compute memory, and the reason."""

    field: str
    """The field of the file with its value: ``quantization_config.quant_method: awq``."""
    why: str


def weight_format(config: Object, beside: Object | None = None) -> WeightFormat | Unsupported:
    """Return the format according to ``quantization_config`` of a config.json. ``beside`` is hf_quant_config.json of
    the same folder, which SGLang reads if config.json has no such entry."""
    key = next((key for key in ("quantization_config", "compression_config") if config.get(key)), None)
    if key is not None:
        return _of(_object(config[key]), key)
    if beside is None:
        return WeightFormat.BF16
    inner = beside.get("quantization")
    if isinstance(inner, Mapping):
        return _modelopt(cast("Object", inner), "hf_quant_config.json: quantization")
    return _of(beside, "hf_quant_config.json") if beside.get("quant_method") else WeightFormat.BF16


def _of(quantization: Object, key: str) -> WeightFormat | Unsupported:
    method = str(quantization.get("quant_method", "")).lower()
    field = f"{key}.quant_method: {method or 'missing'}"
    match method:
        case "fp8":
            return _fp8(quantization, key)
        case "mxfp4":
            return WeightFormat.MXFP4
        case "compressed-tensors" | "compressed_tensors":
            return _compressed(quantization, key)
        case "modelopt" | "modelopt_fp4" | "modelopt_fp8" | "modelopt_mixed":
            return _modelopt(quantization, key)
        case _:
            what = METHODS.get(method.split("_")[0], METHODS.get(method, "an unknown format"))
            return Unsupported(field, f"that is {what}, and {NOT_COUNTED}")


def _fp8(quantization: Object, key: str) -> WeightFormat | Unsupported:
    """Return the format by ``Fp8Config``: blocks need dynamic activations; else a tensor or channel has one scale."""
    block, scheme = quantization.get("weight_block_size"), quantization.get("activation_scheme", "dynamic")
    if block is None:
        return WeightFormat.FP8_CHANNEL
    if block != BLOCK:
        return Unsupported(f"{key}.weight_block_size: {block}", f"blocks other than 128 × 128, and {NOT_COUNTED}")
    if scheme != "dynamic":
        why = "the plan counts FP8 blocks with dynamic activation scales only"
        return Unsupported(f"{key}.activation_scheme: {scheme}", why)
    return WeightFormat.FP8_BLOCK


def _modelopt(quantization: Object, key: str) -> WeightFormat | Unsupported:
    algorithm = str(quantization.get("quant_algo") or _WITHOUT.get(str(quantization.get("quant_method")), "missing"))
    if algorithm.upper() == "NVFP4":
        return WeightFormat.NVFP4
    return Unsupported(f"{key}.quant_algo: {algorithm}", f"that is {METHODS['modelopt']}, and {NOT_COUNTED}")


def _compressed(quantization: Object, key: str) -> WeightFormat | Unsupported:
    """Return the format by ``CompressedTensorsConfig``: each group of layers specifies how its weights are stored."""
    groups = _object(quantization.get("config_groups"))
    found = {name: _group(_object(_object(group).get("weights"))) for name, group in groups.items()}
    wrong = next((name for name, format_ in found.items() if not isinstance(format_, WeightFormat)), None)
    if not found:
        return Unsupported(f"{key}.config_groups: missing", f"nothing says how weights are stored, and {NOT_COUNTED}")
    if wrong is not None:
        weights = f"{key}.config_groups.{wrong}.weights"
        return Unsupported(
            f"{weights}: {found[wrong]}", f"that is neither FP8 by channel nor by tensor, and {NOT_COUNTED}"
        )
    return WeightFormat.FP8_CHANNEL


def _group(weights: Object) -> WeightFormat | str:
    bits, sort, strategy = weights.get("num_bits"), weights.get("type"), weights.get("strategy")
    if (bits, sort) == (8, "float") and strategy in ("channel", "tensor"):
        return WeightFormat.FP8_CHANNEL
    by = f", strategy {strategy}" if strategy else f", group_size {weights.get('group_size')}"
    return f"{bits} bits, type {sort}{by}"


def _object(value: object) -> Object:
    return cast("Object", value) if isinstance(value, Mapping) else {}
