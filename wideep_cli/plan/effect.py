"""What becomes of an object on the way from one plan to another."""

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
    """One object, or the pods of one service of the graph."""

    name: str
    effect: Effect
    consequence: str
    """What that means for who uses it, in a sentence."""
    because: tuple[Change, ...]
