"""The nodes that the command measures: the free GPU nodes, or those of the named nodes that are free."""

from __future__ import annotations

from collections.abc import Sequence

from wideep.plan.burnin import BurnInPlan
from wideep.text import some_of
from wideep_cli.errors import CallError
from wideep_cluster import Cluster, ClusterError
from wideep_cluster.burnin.places import Places, find_places
from wideep_cluster.kinds import NAMESPACES

__all__ = ["chosen_places"]


def chosen_places(cluster: Cluster, plan: BurnInPlan, wanted: Sequence[str]) -> Places:
    """Return the free GPU nodes; if ``wanted`` names nodes, only those of them that are free.

    Raises:
        CallError: a named node is not one of the GPU nodes.
        ClusterError: the nodes cannot be listed, none is free, or the namespace for the Jobs does not exist.
    """
    if cluster.find(NAMESPACES, plan.namespace) is None:
        what = f"Namespace {plan.namespace} does not exist, and the Jobs that measure run there."
        raise ClusterError(f"{what}\n  Run `pulumi up`, or kubectl create namespace {plan.namespace}.")
    found = find_places(cluster, plan)
    unknown = [name for name in wanted if name not in found.names]
    if unknown:
        nodes = f"GPU nodes: {some_of(found.names, 8)}."
        raise CallError(f"--nodes {unknown[0]}: not a GPU node of the cluster.", nodes)
    found = found.only(wanted) if wanted else found
    if not found.places:
        told = "".join(f"\n  {each}" for each in found.skipped) or "\n  No node of the cluster offers nvidia.com/gpu."
        raise ClusterError(f"No GPU node is free, so there is nothing to measure.{told}")
    return found
