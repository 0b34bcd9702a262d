"""The version of the API in which a cluster serves graphs.

The group ``nvidia.com`` is not Dynamo's alone (the GPU operator has kinds in it too), so its preferred version says
nothing: each version is asked for the kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wideep.dynamo.api import V1ALPHA1, V1BETA1, GraphApi
from wideep_cluster.kinds import graphs

if TYPE_CHECKING:
    from wideep_cluster.client import Cluster

__all__ = ["APIS", "served_api"]

APIS: Final = (V1BETA1, V1ALPHA1)
"""Newest first. A server that serves both shows each graph in either."""


def served_api(cluster: Cluster, wanted: GraphApi | None = None) -> GraphApi | None:
    """Return the API in which a cluster serves graphs: ``wanted`` if it does, else the newest. None if it serves none.

    Raises:
        ClusterError: the API server does not answer.
    """
    first = (wanted,) if wanted else ()
    return next((api for api in dict.fromkeys((*first, *APIS)) if cluster.serves(graphs(api))), None)
