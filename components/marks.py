"""Whose an object is: by its mark a stack knows again what it made, and leaves alone what it did not."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.releases import stack_name

__all__ = ["has_mark", "mark_objects"]

MARK: Final = "dynamo-wideep/stack"
"""Annotation of all objects; its value is the stack that made them. (Helm's carry Helm's own.)"""
OBJECT, RELEASE = "kubernetes:", "kubernetes:helm.sh/"
"""How the types of resources begin."""


def mark_objects() -> None:
    """From here on, each object says whose it is."""

    def mark(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith(OBJECT) or args.type_.startswith(RELEASE):
            return None
        metadata: Any = args.props.get("metadata")
        metadata.annotations = {**(metadata.annotations or {}), MARK: stack_name()}
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(mark)


def has_mark(annotations: dict[str, str] | None, stack: str) -> bool:
    """Whether the object with these annotations was made by that stack."""
    return (annotations or {}).get(MARK) == stack
