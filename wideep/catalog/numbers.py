"""Check for numbers that are missing or invalid in a config.json, with the name of the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from wideep.errors import Problem
from wideep.settings.formatting import redact

__all__ = ["EXPERTS", "wrong_numbers"]

Object = Mapping[str, object]

EXPERTS: Final = ("n_routed_experts", "num_experts", "num_local_experts")
"""Names that models use for their number of routed experts."""
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "layers": ("num_hidden_layers",),
        "hiddenSize": ("hidden_size",),
        "vocabSize": ("vocab_size",),
        "contextLength": ("max_position_embeddings",),
        "experts": EXPERTS,
        "expertsPerToken": ("num_experts_per_tok",),
        "expertWidth": ("moe_intermediate_size", "intermediate_size"),
    }
)
"""Fields of the file by the key of ``model``; the first that is present must be a whole number."""


def wrong_numbers(config: Object, own: Object, path: str) -> Iterator[Problem]:
    """Yield a problem for each number that the file should contain and the stack does not set itself."""
    for key, fields in _FIELDS.items():
        if key in own:
            continue
        beside = f"set {key} beside config"
        field = next((each for each in fields if each in config), None)
        if field is None:
            rule = f"{path} has no {' or '.join(fields)}"
            if key == "experts":
                rule = f"{rule}: without routed experts there is nothing to spread"
                beside = "use a mixture of experts, or set experts beside config"
            yield Problem(f"model.{key}", "", rule, beside)
        elif not isinstance(config[field], int) or isinstance(config[field], bool):
            rule = f"{path} decides ({field}), which must be a whole number"
            yield Problem(f"model.{key}", redact(config[field]), rule, f"correct it there, or {beside}")
    frequency = config.get("moe_layer_freq", config.get("decoder_sparse_step", 1))
    if isinstance(frequency, int) and frequency > 1:
        rule = f"{path} has experts in one of {frequency} layers only, and the plan counts them in all after the first"
        yield Problem("model.config", path, rule, "use a model with experts in each of its layers but the first")
