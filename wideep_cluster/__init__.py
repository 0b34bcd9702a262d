"""A small typed layer over the official Kubernetes client, for reading a live cluster.

    Cluster ──► list, find, watch, logs      objects as frozen models (``wideep_cluster.objects``)
       ├──────► create, merge, delete        a burn-in's own objects, orphans, Helm's records
       └──────► run, forward                 a command in a pod, a port of a pod

Failures are raised as ``ClusterError``, whose text is one readable sentence. Answers are parsed from JSON into models
that have only the fields in use, which stays fast and small on a thousand nodes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wideep_cluster.client import Cluster
    from wideep_cluster.errors import ClusterError, ForbiddenError, UnreachableError
    from wideep_cluster.listing import Change, Listed, Listing
    from wideep_cluster.streams import Ran, forward, forward_service, run

__all__ = [
    "Change",
    "Cluster",
    "ClusterError",
    "ForbiddenError",
    "Listed",
    "Listing",
    "Ran",
    "UnreachableError",
    "forward",
    "forward_service",
    "run",
]

_MODULES: Final = {
    "client": ("Cluster",),
    "errors": ("ClusterError", "ForbiddenError", "UnreachableError"),
    "listing": ("Change", "Listed", "Listing"),
    "streams": ("Ran", "forward", "forward_service", "run"),
}


def __getattr__(name: str) -> object:
    """Import the module of a name on first access, so that users of one module do not pay for the client."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
