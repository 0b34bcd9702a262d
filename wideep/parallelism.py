"""How one worker's GPUs are cut three times: for attention, for the experts, and for everything else.

SGLang's sizes: all ``tp`` GPUs of a worker form ``dp`` attention groups of ``tp / dp`` GPUs each, and ``ep`` expert
groups of ``tp / ep`` GPUs each. The divisions are exact in a layout that passes ``wideep.rules``.
"""

from __future__ import annotations

from dataclasses import dataclass

from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["Stage", "attention_tp", "expert_slots_per_gpu", "expert_tp", "stages_of"]


def attention_tp(role: RoleLayout) -> int:
    """GPUs that share one attention head group: tp / dp."""
    return role.tp // role.dp


def expert_tp(role: RoleLayout) -> int:
    """GPUs that share one expert: tp / ep. 1 is pure expert parallelism."""
    return role.tp // role.ep


def expert_slots_per_gpu(model: ModelShape, role: RoleLayout) -> int:
    """Expert slots of each MoE layer on one GPU: (E + R) / ep, rounded up where some GPUs have one more."""
    return -(-(model.experts + role.redundant_experts) // role.ep)


@dataclass(frozen=True)
class Stage:
    """The layers of one pipeline stage, each on ``tp`` GPUs of its own; the whole model where there is one stage."""

    layers: int
    dense_layers: int
    first: bool
    """It has the embedding."""
    last: bool
    """It has the lm_head."""

    @property
    def moe_layers(self) -> int:
        """Layers with experts."""
        return self.layers - self.dense_layers


def stages_of(model: ModelShape, role: RoleLayout) -> list[Stage]:
    """The worker's pipeline stages: equal numbers of layers, and what is left over in the last (``get_pp_indices``).

    Dense layers are a model's first ones.
    """
    each = model.layers // role.pp
    stages: list[Stage] = []
    for stage in range(role.pp):
        begin = stage * each
        end = model.layers if stage == role.pp - 1 else begin + each
        dense = max(0, min(end, model.dense_layers) - begin)
        stages.append(Stage(end - begin, dense, stage == 0, stage == role.pp - 1))
    return stages
