"""How one worker's GPUs are cut three times: for attention, for the experts, and for everything else.

SGLang's sizes: all ``tp`` GPUs of a worker form ``dp`` attention groups of ``tp / dp`` GPUs each, and ``ep`` expert
groups of ``tp / ep`` GPUs each. The divisions are exact in a layout that passes ``wideep.rules``.
"""

from __future__ import annotations

from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["attention_tp", "expert_slots_per_gpu", "expert_tp"]


def attention_tp(role: RoleLayout) -> int:
    """GPUs that share one attention head group: tp / dp."""
    return role.tp // role.dp


def expert_tp(role: RoleLayout) -> int:
    """GPUs that share one expert: tp / ep. 1 is pure expert parallelism."""
    return role.tp // role.ep


def expert_slots_per_gpu(model: ModelShape, role: RoleLayout) -> int:
    """Expert slots of each MoE layer on one GPU: (E + R) / ep."""
    return (model.experts + role.redundant_experts) // role.ep
