"""How one worker's GPUs are divided: for attention, for the experts, and for everything else.

The sizes are SGLang's: the ``tp`` GPUs of a worker form ``dp`` attention groups of ``tp / dp`` GPUs each, and ``ep``
expert groups of ``tp / ep`` GPUs each. The divisions are exact in a layout that passes ``wideep.rules``.
"""

from __future__ import annotations

from dataclasses import dataclass

from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["Stage", "attention_tp", "expert_slots_per_gpu", "expert_tp", "stages_of"]


def attention_tp(role: RoleLayout) -> int:
    """Return the number of GPUs in one attention group: tp / dp."""
    return role.tp // role.dp


def expert_tp(role: RoleLayout) -> int:
    """Return the number of GPUs that share one expert: tp / ep. 1 means pure expert parallelism."""
    return role.tp // role.ep


def expert_slots_per_gpu(model: ModelShape, role: RoleLayout) -> int:
    """Return the expert slots of each MoE layer on one GPU: (E + R) / ep, rounded up if some GPUs have one more."""
    return -(-(model.experts + role.redundant_experts) // role.ep)


@dataclass(frozen=True)
class Stage:
    """The layers of one pipeline stage, on ``tp`` GPUs of its own; the whole model if there is only one stage."""

    layers: int
    dense_layers: int
    first: bool
    """Whether the stage holds the embedding."""
    last: bool
    """Whether the stage holds the lm_head."""

    @property
    def moe_layers(self) -> int:
        """Layers with experts."""
        return self.layers - self.dense_layers


def stages_of(model: ModelShape, role: RoleLayout) -> list[Stage]:
    """Return the worker's pipeline stages: equal numbers of layers, with the remainder in the last
    (``get_pp_indices``).

    A model's dense layers come first.
    """
    each = model.layers // role.pp
    stages: list[Stage] = []
    for stage in range(role.pp):
        begin = stage * each
        end = model.layers if stage == role.pp - 1 else begin + each
        dense = max(0, min(end, model.dense_layers) - begin)
        stages.append(Stage(end - begin, dense, stage == 0, stage == role.pp - 1))
    return stages
