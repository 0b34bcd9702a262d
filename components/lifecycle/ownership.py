"""Whose an object is: by its mark a stack knows again what it made, and leaves alone what it did not."""

from __future__ import annotations

from typing import Any, Final

import pulumi

from components.lifecycle.helm_releases import stack_name

__all__ = ["has_mark", "mark_objects"]

MARK: Final = "dynamo-wideep/stack"
"""Annotation of all objects; its value is the stack that made them. (Helm's carry Helm's own.)"""
TAKE_BACK: Final = "pulumi.com/patchForce"
"""Annotation with which the provider writes its fields whoever else has written them (server-side apply's force)."""
OBJECT, RELEASE = "kubernetes:", "kubernetes:helm.sh/"
"""How the types of resources begin."""


def mark_objects() -> None:
    """From here on, each object that is made says whose it is, and its fields are this program's. One that is only
    read stays as it is, and the program has no metadata of it."""

    def mark(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        is_read = args.opts.id is not None
        if is_read or not args.type_.startswith(OBJECT) or args.type_.startswith(RELEASE):
            return None
        metadata: Any = args.props["metadata"]
        metadata.annotations = {**(metadata.annotations or {}), MARK: stack_name(), TAKE_BACK: "true"}
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(mark)


def has_mark(annotations: dict[str, str] | None, stack: str) -> bool:
    """Whether the object with these annotations was made by that stack."""
    return (annotations or {}).get(MARK) == stack
