"""Which stack made an object: by its annotation a stack knows again what it made, and leaves alone what it did not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from wideep.resource_names import OWNER_ANNOTATION, TAKE_OWNERSHIP_ANNOTATION

__all__ = ["annotate_owner", "is_owned_by", "stack_name"]

OBJECT, RELEASE = "kubernetes:", "kubernetes:helm.sh/"
"""How the types of resources begin."""


def stack_name() -> str:
    """The full name of the running stack: ``organization/dynamo-wideep/prod``."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def annotate_owner() -> None:
    """From here on, each object that is made says whose it is, and its fields are this program's. One that is only
    read stays as it is, and the program has no metadata of it."""

    def annotate(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        is_read = args.opts.id is not None
        if is_read or not args.type_.startswith(OBJECT) or args.type_.startswith(RELEASE):
            return None
        metadata: Any = args.props["metadata"]
        own = {OWNER_ANNOTATION: stack_name(), TAKE_OWNERSHIP_ANNOTATION: "true"}
        metadata.annotations = {**(metadata.annotations or {}), **own}
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(annotate)


def is_owned_by(stack: str, annotations: Mapping[str, str] | None) -> bool:
    """Whether the object with these annotations was made by that stack."""
    return (annotations or {}).get(OWNER_ANNOTATION) == stack
