"""Weights of a worker on the default engine."""

from __future__ import annotations

from wideep.engines import engine_of
from wideep.memory import WeightParts
from wideep.memory import weight_parts as parts_by
from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["weight_parts"]


def weight_parts(model: ModelShape, role: RoleLayout) -> WeightParts:
    """Return the weights on each GPU of a worker."""
    return parts_by(model, role, engine_of().shares(role))
