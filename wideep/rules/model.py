"""Rules that a model's numbers must satisfy among each other, in an edited config.json or in an object."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.errors import Problem
from wideep.settings.model import Gqa, ModelShape

__all__ = ["model_problems"]


def model_problems(model: ModelShape) -> Iterator[Problem]:
    """Yield a problem for each number that no model of its family has, and that would make the memory calculation and
    the rules wrong."""
    if model.dense_layers >= model.layers:
        rule = f"{model.dense_layers} of {model.layers} layers are dense, and none is left with experts"
        yield Problem("model.denseLayers", str(model.dense_layers), rule, f"use fewer than layers: {model.layers}")
    elif model.dense_layers and not model.dense_width:
        rule = f"{model.dense_layers} layers are dense, and nothing says how wide"
        yield Problem("model.denseWidth", "0", rule, "set denseWidth (intermediate_size of its config.json)")
    if model.experts_per_token > model.experts:
        rule = f"a token visits {model.experts_per_token} of {model.experts} experts"
        fix = f"set expertsPerToken: {model.experts} or less"
        yield Problem("model.expertsPerToken", str(model.experts_per_token), rule, fix)
    if model.expert_groups and model.experts % model.expert_groups:
        rule = f"{model.experts} experts are not a multiple of {model.expert_groups} groups"
        yield Problem("model.expertGroups", str(model.expert_groups), rule, "set the n_group of its config.json")
    match model.attention:
        case Gqa(heads=heads, kv_heads=kv_heads) if heads % kv_heads:
            rule = f"{heads} query heads cannot be shared out evenly among {kv_heads} KV heads"
            yield Problem(
                "model.attention.kvHeads", str(kv_heads), rule, "set the num_key_value_heads of its config.json"
            )
        case _:
            pass
