"""Hooks on all resources of a kind, whichever component makes them."""

from __future__ import annotations

import pulumi

__all__ = ["hook_all"]


def hook_all(kind: str, hooks: pulumi.ResourceHookBinding) -> None:
    """From here on, each resource of that type (its token) is made with these hooks."""

    def hooked(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != kind:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(args.props, opts)

    pulumi.runtime.register_stack_transformation(hooked)
