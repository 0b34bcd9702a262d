"""What all components have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import pulumi

__all__ = ["TYPE", "Component", "given"]

T = TypeVar("T")

TYPE: Final = "dynamo-wideep:index:"
DELETE_TIMEOUT: Final = "10m"
"""What pulumi-kubernetes waits without being told. Said, because it takes an annotation of the object for it too."""


def given(resource: pulumi.CustomResource, output: pulumi.Output[T]) -> pulumi.Output[T]:
    """What the cluster gives an object. Before it is there, a preview's provider answers without it, and with no id:
    so it is not known yet."""
    return resource.id.apply(lambda _: output)


class Component(pulumi.ComponentResource):
    """A component of this program: its type is its class, its children are named after it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"{TYPE}{type(self).__name__}", name, None, opts)

    def child(
        self,
        *,
        after: Sequence[pulumi.Resource] = (),
        protect: bool | None = None,
        retain: bool | None = None,
        timeout: str | None = None,
    ) -> pulumi.ResourceOptions:
        """Options of a child. ``after``: what must stand before it is made, and go only when it is gone; ``timeout``
        is of making and updating it."""
        timeouts = pulumi.CustomTimeouts(create=timeout, update=timeout, delete=DELETE_TIMEOUT) if timeout else None
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(after),
            protect=protect,
            retain_on_delete=retain,
            custom_timeouts=timeouts,
        )
