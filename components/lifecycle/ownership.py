"""Which stack created an object: an annotation tells a stack which objects are its own, and which to leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from wideep.resource_names import OWNER_ANNOTATION, TAKE_OWNERSHIP_ANNOTATION

__all__ = ["EVEN_IF_SHARED", "is_owned_by", "owner_annotations", "stack_name"]

EVEN_IF_SHARED: Final = "teardown.evenIfShared"
"""The config key of a stack whose destroy also deletes what others use."""


def stack_name() -> str:
    """Return the full name of the running stack: ``organization/dynamo-wideep/prod``."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def owner_annotations() -> dict[str, str]:
    """Return the annotations of an object that the running stack creates: its owner, and that this program owns its
    fields."""
    return {OWNER_ANNOTATION: stack_name(), TAKE_OWNERSHIP_ANNOTATION: "true"}


def is_owned_by(stack: str, annotations: Mapping[str, str] | None) -> bool:
    """Tell whether the object with these annotations was created by that stack."""
    return (annotations or {}).get(OWNER_ANNOTATION) == stack
