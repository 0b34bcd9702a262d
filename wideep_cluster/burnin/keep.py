"""The figures of a burn-in in a ConfigMap of the namespace: one key a node, so that each run replaces its own nodes."""

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
    """Write the figures of some nodes; those of others stay.

    Raises:
        ForbiddenError: ConfigMaps may not be written there.
        ClusterError: the API server does not take it.
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
    """Return the figures that were kept; none where no burn-in was run.

    Raises:
        ForbiddenError: ConfigMaps may not be read there.
        UnreachableError: there is no answer.
    """
    found = cluster.find(CONFIG_MAPS, map_name(graph), namespace)
    return nodes_of(found) if found else ()


def nodes_of(found: ConfigMap) -> tuple[KeptNode, ...]:
    """Return the nodes of a ConfigMap. What somebody else has written into it is left out."""
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
        ForbiddenError: ConfigMaps may not be deleted there.
        UnreachableError: there is no answer.
    """
    cluster.delete(CONFIG_MAPS, map_name(graph), namespace)
