"""The base class of all components, and the options that their children share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypedDict, TypeVar, Unpack

import pulumi

from components.lifecycle.ownership import owner_annotations

if TYPE_CHECKING:  # the engine imports components with their dynamic providers, in a process that creates no resources
    import pulumi_kubernetes as k8s

    from components.lifecycle.error_context import ErrorContext

__all__ = ["PACKAGE", "TYPE", "Component", "known_after_create"]

T = TypeVar("T")

PACKAGE: Final = "dynamo-wideep"
"""The Pulumi package that the components belong to."""
TYPE: Final = f"{PACKAGE}:index:"
DELETE_TIMEOUT: Final = "10m"
"""The default delete timeout of pulumi-kubernetes. It is set explicitly because the provider also reads a timeout from
an annotation of the object."""


def known_after_create(resource: pulumi.CustomResource, output: pulumi.Output[T]) -> pulumi.Output[T]:
    """Tie an output that the API server sets (uid, generation) to ``resource.id``, so that it stays unknown in a
    preview of the resource's creation."""
    return resource.id.apply(lambda _: output)


class ChildOptions(TypedDict, total=False):
    """The keyword arguments of ``Component.child``."""

    depends_on: Sequence[pulumi.Resource]
    protect: bool | None
    retain: bool | None
    timeout: str | None
    hooks: pulumi.ResourceHookBinding | None


class Component(pulumi.ComponentResource):
    """A component of this program. Its type token is its class name, and its children are named after it.

    ``depends_on`` is part of each component's own arguments: a component does not pass its ``depends_on`` option on to
    its children, and one without children drops it (pulumi#8721).
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, errors: ErrorContext | None = None) -> None:
        super().__init__(f"{TYPE}{type(self).__name__}", name, None, opts)
        self._component, self._errors = name, errors

    def metadata(
        self,
        name: str,
        namespace: pulumi.Input[str] | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        owners: Sequence[k8s.meta.v1.OwnerReferenceArgs] | None = None,
    ) -> k8s.meta.v1.ObjectMetaArgs:
        """Return the metadata of an object, with the annotations that name its stack and claim its fields for this
        program."""
        import pulumi_kubernetes as k8s

        return k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=namespace,
            labels=labels,
            annotations={**(annotations or {}), **owner_annotations()},
            owner_references=owners,
        )

    def child(
        self,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
        retain: bool | None = None,
        timeout: str | None = None,
        hooks: pulumi.ResourceHookBinding | None = None,
    ) -> pulumi.ResourceOptions:
        """Return the options of a child. ``timeout`` applies to its creation and its update."""
        timeouts = pulumi.CustomTimeouts(create=timeout, update=timeout, delete=DELETE_TIMEOUT) if timeout else None
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(depends_on),
            protect=protect,
            retain_on_delete=retain,
            custom_timeouts=timeouts,
            hooks=hooks,
        )

    def api_child(
        self,
        **options: Unpack[ChildOptions],
    ) -> pulumi.ResourceOptions:
        """Return the options of a child that a cluster or a registry stores. Its orphan is deleted before it is
        created, and its errors are explained."""
        options["hooks"] = pulumi.ResourceHookBinding.merge(self._hooks, options.get("hooks"))
        return self.child(**options)

    def hook_name(self, hook: str) -> str:
        """Return a name that is unique in the program, as hook names must be. A component has each hook only once."""
        return f"{type(self).__name__}:{self._component}:{hook}"

    @cached_property
    def _hooks(self) -> pulumi.ResourceHookBinding:
        from components.lifecycle.error_context import ErrorContext
        from components.lifecycle.error_hooks import error_hooks
        from components.lifecycle.orphan_hooks import replace_orphan_hook

        context = self._errors or ErrorContext()
        return pulumi.ResourceHookBinding(
            before_create=[replace_orphan_hook(self.hook_name("orphan"), context)],
            on_error=error_hooks(self.hook_name("error"), context),
        )
