"""Before a graph is made: nothing is left of the one that had its name."""

from __future__ import annotations

from typing import Final

import pulumi

from components.lifecycle.hooks import hook_all
from components.lifecycle.own_cluster import own_cluster
from wideep.resource_names import GRAPH_TYPE
from wideep_cluster.dynamo.drain import await_former

__all__ = ["await_former_graphs"]

SECONDS: Final = 900


def await_former_graphs() -> None:
    """From here on, a graph is made when all of a former one of its name is gone.

    The engine goes on when the graph itself is deleted, and its pods still hold their GPUs then. A hook, because only
    the making is delayed: `pulumi destroy` needs no program for it.
    """

    def wait(args: pulumi.ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        await_former(own_cluster(metadata["namespace"]), metadata["name"], SECONDS, pulumi.log.info)

    hook_all(GRAPH_TYPE, pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("former-graph", wait)]))
