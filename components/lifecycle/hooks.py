"""Hooks on all resources of a kind, whichever component makes them."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

__all__ = ["hook_all", "hook_where"]


def hook_all(kind: str, hooks: pulumi.ResourceHookBinding) -> None:
    """From here on, each resource of that type (its token) is made with these hooks."""
    hook_where(lambda other: other == kind, hooks)


def hook_where(fits: Callable[[str], bool], hooks: pulumi.ResourceHookBinding) -> None:
    """From here on, each resource whose type fits is made with these hooks."""

    def hooked(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not fits(args.type_):
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(args.props, opts)

    pulumi.runtime.register_stack_transformation(hooked)
