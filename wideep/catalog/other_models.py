"""Detection of files that are not the config.json of a mixture of experts that the plan supports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from wideep.catalog.families import ARCHITECTURES
from wideep.catalog.unknown import unknown_class
from wideep.errors import Problem
from wideep.settings.formatting import redact

__all__ = ["other_model"]

Object = Mapping[str, object]

SPARSE: Final = "DeepseekV32ForCausalLM"
"""The class with an indexer (``index_topk``); other classes with one are derived from it."""


def other_model(config: Object, architecture: str, path: str) -> Problem | None:
    """Return the problem of an adapter, of a class with an unsupported cache, or of a dense model; None for everything
    else. Keys next to ``config`` do not help, because the file describes something else."""
    if "peft_type" in config:
        base = config.get("base_model_name_or_path")
        rule = f"{path} is of an adapter (peft_type: {redact(config['peft_type'])}), which has no sizes of a model"
        fix = (
            f"use the config.json of its base model{f', {redact(base)}' if base else ''}: "
            "workers load whole models, so merge the adapter into a checkpoint of its own"
        )
        return Problem("model.config", path, rule, fix)
    uncounted = unknown_class(architecture) or (unknown_class(SPARSE) if config.get("index_topk") else None)
    if uncounted:
        return Problem("model.config", path, f"{path} is of {redact(architecture)}: {uncounted[0]}", uncounted[1])
    if architecture not in ("none", *ARCHITECTURES.values()) and not _names_experts(config):
        rule = (
            f"{path} is of {redact(architecture)} and names no experts, so it is a dense model: "
            "there is nothing to spread over GPUs"
        )
        return Problem(
            "model.config", path, rule, "use a mixture of experts: `wideep models` lists those of the catalog"
        )
    return None


def _names_experts(config: Object) -> bool:
    """Tell whether any key of the file, at any depth, mentions experts, ignoring top-level keys without a value."""
    return "expert" in json.dumps([{key: value} for key, value in config.items() if value]).lower()
