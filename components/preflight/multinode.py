"""Workers of several nodes, on a platform that somebody else has installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.lifecycle.own_cluster import own_cluster
from components.preflight import refuse
from wideep_cluster.dynamo.multinode import multinode_problem

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["check_multinode"]


def check_multinode(plan: Plan) -> None:
    """Raise pulumi.RunError for a graph that the cluster's operator would refuse, in previews too.

    A cluster that cannot be asked is left to the provider.
    """
    if not plan.platform.grove:
        return
    from kubernetes.config import ConfigException

    try:
        cluster = own_cluster(plan.namespace).cluster
    except (ConfigException, OSError) as error:
        pulumi.log.debug(f"what the cluster serves was not to be told: {type(error).__name__}")
        return
    refuse([multinode_problem(plan, cluster.groups())])
