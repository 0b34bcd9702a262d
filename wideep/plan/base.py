"""The base of all parts of the Plan."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["PlanModel"]


class PlanModel(BaseModel):
    """Base class of each part: frozen, compared by value, and unchanged by a round trip through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
