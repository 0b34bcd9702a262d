"""What all parts of the Plan have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["PlanModel"]


class PlanModel(BaseModel):
    """Base of each part: frozen, compared by value, and the same again after a trip through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
