"""The figures of a burn-in, stored in a ConfigMap of the namespace: one key for each node, so that a run replaces only
the nodes that it measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError

from wideep.burnin.kept import KeptNode
from wideep_cluster.client import Cluster
from wideep_cluster.kinds import CONFIG_MAPS
from wideep_cluster.objects import ConfigMap

__all__ = ["KEPT_LABEL", "forget", "keep", "kept", "map_name", "nodes_of"]

KEPT_LABEL: Final = {"app.kubernetes.io/name": "wideep-burnin-figures"}


def map_name(graph: str) -> str:
    """Return the name of the ConfigMap with the figures of a stack."""
    return f"{graph}-burnin"


def keep(cluster: Cluster, namespace: str, graph: str, nodes: Iterable[KeptNode]) -> None:
    """Write the figures of these nodes; those of other nodes stay.

    Raises:
        ForbiddenError: the user may not write ConfigMaps there.
        ClusterError: the API server rejects the ConfigMap.
    """
    name = map_name(graph)
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {**KEPT_LABEL, "app.kubernetes.io/managed-by": "wideep"}},
        "data": {node.node: node.model_dump_json(exclude_none=True, exclude_defaults=True) for node in nodes},
    }
    cluster.merge(CONFIG_MAPS, name, namespace, manifest)


def kept(cluster: Cluster, namespace: str, graph: str) -> tuple[KeptNode, ...]:
    """Return the stored figures; empty if no burn-in was run.

    Raises:
        ForbiddenError: the user may not read ConfigMaps there.
        UnreachableError: there is no answer.
    """
    found = cluster.find(CONFIG_MAPS, map_name(graph), namespace)
    return nodes_of(found) if found else ()


def nodes_of(found: ConfigMap) -> tuple[KeptNode, ...]:
    """Return the nodes in a ConfigMap, sorted by name. Entries that cannot be parsed are left out."""
    nodes: list[KeptNode] = []
    for text in found.data.values():
        try:
            nodes.append(KeptNode.model_validate_json(text))
        except ValidationError:
            continue
    return tuple(sorted(nodes, key=lambda node: node.node))


def forget(cluster: Cluster, namespace: str, graph: str) -> None:
    """Delete the figures of a stack.

    Raises:
        ForbiddenError: the user may not delete ConfigMaps there.
        UnreachableError: there is no answer.
    """
    cluster.delete(CONFIG_MAPS, map_name(graph), namespace)
