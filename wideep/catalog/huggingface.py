"""A model's shape from its Hugging Face config.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, cast

from wideep.catalog.families import FAMILIES
from wideep.errors import Problem
from wideep.settings.model import WeightFormat

__all__ = ["shape_of_config"]

Object = dict[str, object]

_COMMON: Final = {
    "layers": "num_hidden_layers",
    "hiddenSize": "hidden_size",
    "vocabSize": "vocab_size",
    "contextLength": "max_position_embeddings",
    "expertsPerToken": "num_experts_per_tok",
    "expertGroups": "n_group",
}
_EXPERTS: Final = ("n_routed_experts", "num_experts", "num_local_experts")
_MLA: Final = {
    "heads": "num_attention_heads",
    "qLoraRank": "q_lora_rank",
    "kvLoraRank": "kv_lora_rank",
    "qkNopeHeadDim": "qk_nope_head_dim",
    "qkRopeHeadDim": "qk_rope_head_dim",
    "vHeadDim": "v_head_dim",
}


def shape_of_config(model: Object, read_text: Callable[[str], str] | None) -> Object | Problem:
    """The keys of a ModelShape for ``model: {config: PATH, …}``; other keys of the object win over the file's."""
    path = model["config"]
    own = {key: value for key, value in model.items() if key != "config"}
    if not isinstance(path, str) or not path:
        return Problem("model.config", str(path), "must be the path of a config.json", "write a path")
    if read_text is None:
        return Problem("model.config", path, "no file can be read here", "write the model's shape as an object")
    try:
        config = json.loads(read_text(path))
    except OSError as error:
        return Problem("model.config", path, f"cannot be read: {error.strerror or error}", "write a path that exists")
    except (ValueError, RecursionError):
        return Problem("model.config", path, "is not JSON", "write the path of a Hugging Face config.json")
    if not isinstance(config, dict):
        return Problem("model.config", path, "is not a JSON object", "write the path of a Hugging Face config.json")
    return _shape(cast("Object", config), path) | own


def _shape(config: Object, path: str) -> Object:
    found: Object = {key: config[theirs] for key, theirs in _COMMON.items() if theirs in config}
    return {
        "name": config.get("_name_or_path") or path.removesuffix("/config.json"),
        "family": _family(config),
        "weightFormat": _weight_format(config),
        "attention": _attention(config),
        "experts": next((config[key] for key in _EXPERTS if key in config), 0),
        "tiedEmbeddings": bool(config.get("tie_word_embeddings", False)),
        "sharedExperts": config.get("n_shared_experts") or 0,
        **_widths(config),
        **found,
    }


def _family(config: Object) -> object:
    architectures = config.get("architectures")
    name = str(cast("list[object]", architectures)[0]) if isinstance(architectures, list) and architectures else "none"
    return next((str(family) for family, row in FAMILIES.items() if row.sglang_class == name), name)


def _weight_format(config: Object) -> str:
    quantization = config.get("quantization_config")
    if not isinstance(quantization, dict):
        return WeightFormat.BF16
    method = cast("Object", quantization).get("quant_method")
    return {"fp8": str(WeightFormat.FP8_BLOCK), "mxfp4": str(WeightFormat.MXFP4)}.get(str(method), str(method))


def _attention(config: Object) -> Object:
    if config.get("kv_lora_rank"):
        return {"kind": "mla", **{key: config.get(theirs) for key, theirs in _MLA.items()}}
    heads, hidden = config.get("num_attention_heads"), config.get("hidden_size")
    head_dim = config.get("head_dim")
    if head_dim is None and isinstance(heads, int) and isinstance(hidden, int) and heads:
        head_dim = hidden // heads
    return {"kind": "gqa", "heads": heads, "kvHeads": config.get("num_key_value_heads", heads), "headDim": head_dim}


def _widths(config: Object) -> Object:
    """Models name the width of an expert ``moe_intermediate_size``; without dense layers, ``intermediate_size``."""
    width = config.get("intermediate_size")
    return {
        "denseLayers": config.get("first_k_dense_replace") or 0,
        "denseWidth": width if config.get("first_k_dense_replace") else 0,
        "expertWidth": config.get("moe_intermediate_size", width),
    }
