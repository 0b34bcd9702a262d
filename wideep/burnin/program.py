"""The measuring program's source, and its arguments for a stack."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from wideep.settings.model import ModelShape

__all__ = ["PORT", "PROGRAM", "model_arguments"]

PROGRAM: Final = files("wideep.burnin").joinpath("measure.py").read_text(encoding="utf-8")
"""Source for ``python3 -c`` in the engine's image."""
PORT: Final = 29511
"""Port on which the other nodes reach the first node's program."""


def model_arguments(model: ModelShape) -> tuple[str, ...]:
    """Return the sizes of a model: those of one expert's product, and of the all-to-all's messages."""
    sizes = {"--hidden": model.hidden_size, "--width": model.expert_width, "--topk": model.experts_per_token}
    return tuple(str(word) for pair in sizes.items() for word in pair)
