"""A live cluster, read: a small typed layer over the official Kubernetes client.

    connect(stack file) ──► Cluster ──► list, find, watch, logs      objects as frozen models (``ops.cluster.objects``)
                               └──────► run, forward                 a command in a pod, a port of a pod

Nothing here writes to the cluster. What goes wrong is a ``ClusterError``: one sentence for a person to read. Answers
are parsed from their JSON into models of just the fields that are used: quick and small on a thousand nodes.
"""

from ops.cluster.access import connect
from ops.cluster.client import Change, Cluster, Listing
from ops.cluster.errors import ClusterError, ForbiddenError, UnreachableError
from ops.cluster.kinds import (
    CLAIMS,
    CLASSES,
    COMPONENTS,
    DAEMON_SETS,
    DEFINITIONS,
    DEPLOYMENTS,
    EVENTS,
    GRAPHS,
    JOBS,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    QUOTAS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    Kind,
)
from ops.cluster.streams import Ran, forward, forward_service, run

__all__ = [
    "CLAIMS",
    "CLASSES",
    "COMPONENTS",
    "DAEMON_SETS",
    "DEFINITIONS",
    "DEPLOYMENTS",
    "EVENTS",
    "GRAPHS",
    "JOBS",
    "NAMESPACES",
    "NETWORK_POLICIES",
    "NODES",
    "PODS",
    "QUOTAS",
    "SECRETS",
    "SERVICES",
    "STATEFUL_SETS",
    "Change",
    "Cluster",
    "ClusterError",
    "ForbiddenError",
    "Kind",
    "Listing",
    "Ran",
    "UnreachableError",
    "connect",
    "forward",
    "forward_service",
    "run",
]
