"""The shape of a model from its Hugging Face config.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, cast

from wideep.catalog.families import ARCHITECTURES
from wideep.catalog.formats import INSTEAD, Unsupported, weight_format
from wideep.catalog.numbers import EXPERTS, wrong_numbers
from wideep.catalog.other_models import other_model
from wideep.errors import Problem
from wideep.settings.formatting import redact

__all__ = ["MODELOPT", "shape_of_config"]

Object = dict[str, object]

MODELOPT: Final = "hf_quant_config.json"
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
NAME: Final = "set model: {config: PATH, name: ORGANIZATION/MODEL}: its repository, under which it is served too"

_COMMON: Final = {
    "layers": "num_hidden_layers",
    "hiddenSize": "hidden_size",
    "vocabSize": "vocab_size",
    "contextLength": "max_position_embeddings",
    "expertsPerToken": "num_experts_per_tok",
    "expertGroups": "n_group",
}
_MLA: Final = {
    "heads": "num_attention_heads",
    "qLoraRank": "q_lora_rank",
    "kvLoraRank": "kv_lora_rank",
    "qkNopeHeadDim": "qk_nope_head_dim",
    "qkRopeHeadDim": "qk_rope_head_dim",
    "vHeadDim": "v_head_dim",
}


def shape_of_config(model: Object, read_text: Callable[[str], str] | None) -> Object | list[Problem]:
    """Return the keys of a ModelShape for ``model: {config: PATH, …}``, or the problems found; other keys of the object
    take precedence over the file's."""
    path = model["config"]
    own = {key: value for key, value in model.items() if key != "config"}
    if not isinstance(path, str) or not path:
        return [Problem("model.config", redact(path), "must be the path of a config.json", "use a path")]
    if read_text is None:
        return [
            Problem("model.config", redact(path), "no file can be read here", "write the model's shape as an object")
        ]
    config = _read(path, read_text)
    if isinstance(config, Problem):
        return [config]
    other = other_model(config, _architecture(config), redact(path))
    if other:
        return [other]
    name, family = own.get("name") or _name(config, path), own.get("family") or _family(config)
    stored = weight_format(config, _beside(path, read_text))
    problems: list[Problem] = []
    if name is None:
        problems.append(Problem("model.name", "", f"{redact(path)} has no _name_or_path that names the model", NAME))
    if family is None:
        problems.append(_unknown_family(config, redact(path)))
    else:
        problems += wrong_numbers(config, own, redact(path))
    if isinstance(stored, Unsupported):
        rule = f"{redact(path)} decides ({stored.field}): {stored.why}"
        problems.append(Problem("model.weightFormat", redact(stored.field.split(": ")[-1]), rule, INSTEAD))
    return problems or {"name": name, "family": family, "weightFormat": stored, **_shape(config)} | own


def _unknown_family(config: Object, path: str) -> Problem:
    """Return the problem of a file that does not name a model class, or names one that is unknown."""
    known, named = ", ".join(ARCHITECTURES.values()), config.get("architectures")
    rule = f"{path} decides by architectures, and the plan knows what engines do with {known}"
    fix = "use a model of one of these classes"
    if isinstance(named, str) or not named:
        what = "a text, where engines read a list of classes" if named else "missing, and engines go by it"
        rule = f"{path}: architectures is {what}"
        families = " or ".join(ARCHITECTURES)
        fix = f"take the config.json of the model's repository as it is, or set family: {families}"
    elif isinstance(config.get("text_config"), dict):
        rule = f"{path} describes a multimodal model (text_config), which the plan does not support"
        fix = f"use a text-only model: {known}"
    return Problem("model.family", redact(_architecture(config)), rule, fix)


def _read(path: str, read_text: Callable[[str], str]) -> Object | Problem:
    try:
        config = json.loads(read_text(path))
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        return Problem("model.config", redact(path), reason, "use a path that exists")
    except (ValueError, RecursionError):
        return Problem("model.config", redact(path), "is not JSON", "use the path of a Hugging Face config.json")
    if not isinstance(config, dict):
        return Problem(
            "model.config", redact(path), "is not a JSON object", "use the path of a Hugging Face config.json"
        )
    return cast("Object", config)


def _beside(path: str, read_text: Callable[[str], str]) -> Object | None:
    """Return the content of ModelOpt's own file in the same folder; None if there is none."""
    found = _read(f"{path.removesuffix('config.json')}{MODELOPT}", read_text) if path.endswith("config.json") else None
    return found if isinstance(found, dict) else None


def _name(config: Object, path: str) -> str | None:
    """Return the repository named in the file, or the path's last two folders if they look like one; else None."""
    for name in (config.get("_name_or_path"), path.removesuffix("/config.json")):
        if isinstance(name, str) and REPOSITORY.fullmatch(name):
            return name
    return None


def _shape(config: Object) -> Object:
    found: Object = {key: config[theirs] for key, theirs in _COMMON.items() if theirs in config}
    return {
        "attention": _attention(config),
        "experts": next((config[key] for key in EXPERTS if key in config), 0),
        "tiedEmbeddings": bool(config.get("tie_word_embeddings", False)),
        "draftLayers": config.get("num_nextn_predict_layers") or 0,
        "sharedExperts": config.get("n_shared_experts") or 0,
        **_widths(config),
        **found,
    }


def _family(config: Object) -> str | None:
    name = _architecture(config)
    return next((str(family) for family, architecture in ARCHITECTURES.items() if architecture == name), None)


def _architecture(config: Object) -> str:
    architectures = config.get("architectures")
    return str(cast("list[object]", architectures)[0]) if isinstance(architectures, list) and architectures else "none"


def _attention(config: Object) -> Object:
    if config.get("kv_lora_rank"):
        return {"kind": "mla", **{key: config.get(theirs) for key, theirs in _MLA.items()}}
    heads, hidden = config.get("num_attention_heads"), config.get("hidden_size")
    head_dim = config.get("head_dim")
    if head_dim is None and isinstance(heads, int) and isinstance(hidden, int) and heads:
        head_dim = hidden // heads
    return {"kind": "gqa", "heads": heads, "kvHeads": config.get("num_key_value_heads", heads), "headDim": head_dim}


def _widths(config: Object) -> Object:
    """Return the widths; an expert's is ``moe_intermediate_size``, or ``intermediate_size`` where that is missing."""
    width = config.get("intermediate_size")
    return {
        "denseLayers": config.get("first_k_dense_replace") or 0,
        "denseWidth": width if config.get("first_k_dense_replace") else 0,
        "expertWidth": config.get("moe_intermediate_size", width),
    }
