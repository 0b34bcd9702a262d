"""The namespace that holds the platform and the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.lifecycle.existing import Whose
from components.lifecycle.retained import import_options, stack_label
from wideep.resource_names import NAMESPACE, NAMESPACE_READ

__all__ = ["Namespace", "NamespaceArgs"]


@dataclass(frozen=True)
class NamespaceArgs:
    """The name of the namespace, and whether it outlives the stack."""

    name: str
    retain: bool = False
    """Keep the namespace, and with it everything that is retained in it."""
    whose: Whose = Whose.TO_MAKE
    """Whether the namespace is created, imported, or somebody else's (``components.lifecycle.existing``)."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """Resources that are created before the namespace and deleted after it."""


SERVER_SET_FIELDS: Final = ("spec", "metadata.annotations", 'metadata.labels["kubernetes.io/metadata.name"]')
"""Fields of a namespace that the API server sets."""


class Namespace(Component):
    """A namespace of this stack's own, or, if somebody else created it, that namespace, which stays at destroy.

    >>> namespace = Namespace("namespace", NamespaceArgs("dynamo-workshop"))
    """

    name: pulumi.Output[str]
    """Known once the namespace exists, so that its users wait for it."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        if args.whose is Whose.OTHERS:
            found = k8s.core.v1.Namespace.get(NAMESPACE_READ.of(name), args.name, opts=self.child())
            self.name = found.id.apply(lambda _: args.name)
        else:
            self.name = self._make(name, args).metadata.apply(lambda metadata: str(metadata.name))
        self.register_outputs({"name": self.name})

    def _make(self, name: str, args: NamespaceArgs) -> k8s.core.v1.Namespace:
        return k8s.core.v1.Namespace(
            NAMESPACE.of(name),
            metadata=self.metadata(args.name, labels=stack_label() if args.retain else {}),
            opts=pulumi.ResourceOptions.merge(
                self.api_child(depends_on=args.depends_on, retain=args.retain),
                import_options(args.name if args.whose is Whose.OURS else None, *SERVER_SET_FIELDS),
            ),
        )
