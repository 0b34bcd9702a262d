"""The effect of a change of plan on one object."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wideep_cli.plan.changes import Change

__all__ = ["Effect", "ObjectChange"]


class Effect(StrEnum):
    """What happens to an object, from the least to the most."""

    UPDATED = "updated in place"
    SCALED = "scaled"
    RESTARTED = "restarted"
    REPLACED = "replaced"
    CREATED = "created"
    DELETED = "deleted"


@dataclass(frozen=True)
class ObjectChange:
    """A change to one object, or to the pods of one service of the graph."""

    name: str
    effect: Effect
    consequence: str
    """What the change means for users, in one sentence; may be empty."""
    because: tuple[Change, ...]
