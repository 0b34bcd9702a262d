"""Which stack made an object: by its annotation a stack knows again what it made, and leaves alone what it did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from wideep.resource_names import OWNER_ANNOTATION, TAKE_OWNERSHIP_ANNOTATION

__all__ = ["EVEN_IF_SHARED", "is_owned_by", "owner_annotations", "stack_name"]

EVEN_IF_SHARED: Final = "teardown.evenIfShared"
"""The key of a stack that deletes also what others use."""


def stack_name() -> str:
    """The full name of the running stack: ``organization/dynamo-wideep/prod``."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def owner_annotations() -> dict[str, str]:
    """Annotations of an object that the running stack makes: whose it is, and that its fields are this program's."""
    return {OWNER_ANNOTATION: stack_name(), TAKE_OWNERSHIP_ANNOTATION: "true"}


def is_owned_by(stack: str, annotations: Mapping[str, str] | None) -> bool:
    """Whether the object with these annotations was made by that stack."""
    return (annotations or {}).get(OWNER_ANNOTATION) == stack
