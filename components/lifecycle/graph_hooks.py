"""A hook that makes sure, before a graph is created, that nothing is left of a previous one of the same name."""

from __future__ import annotations

from typing import Final

import pulumi

from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from wideep_cluster.dynamo.drain import await_previous
from wideep_cluster.kube import KubeNamespace

__all__ = ["wait_for_previous_graph"]

SECONDS: Final = 900


def wait_for_previous_graph(name: str) -> pulumi.ResourceHook:
    """Return the hook (``before_create``) that waits until everything of a previous graph is gone.

    The engine continues once the graph object itself is deleted, while its pods still hold their GPUs. A hook suffices,
    because only the creation is delayed: `pulumi destroy` needs no program for it.
    """

    def wait(args: pulumi.ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        place = _connect(metadata["namespace"])
        if place is not None:
            await_previous(place, metadata["name"], SECONDS, pulumi.log.info)

    return pulumi.ResourceHook(name, wait)


def _connect(namespace: str) -> KubeNamespace | None:
    with unless_unreachable("previous graph"):
        return connect_from_config(namespace)
    return None
