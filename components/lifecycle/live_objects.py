"""Objects on the cluster, looked up from the inputs of the resource that is about to create them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.lifecycle.orphans import until_gone
from components.lifecycle.own_cluster import connect_from_config, unless_unreachable
from components.lifecycle.ownership import is_owned_by
from wideep.resource_names import (
    CLAIM_TYPE,
    CONFIG_MAP_TYPE,
    CUSTOM_TYPES,
    GRAPH_TYPES,
    INGRESS_TYPE,
    JOB_TYPE,
    POLICY_TYPE,
    SECRET_TYPE,
    SERVICE_TYPE,
)
from wideep_cluster import kinds
from wideep_cluster.kinds import Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import KubeObject

__all__ = ["REPLACED", "LiveObject", "find_object"]

KINDS: Final[dict[str, Kind[KubeObject]]] = {
    CONFIG_MAP_TYPE: kinds.CONFIG_MAPS,
    SECRET_TYPE: kinds.SECRETS,
    SERVICE_TYPE: kinds.SERVICES,
    INGRESS_TYPE: kinds.INGRESSES,
    POLICY_TYPE: kinds.NETWORK_POLICIES,
    JOB_TYPE: kinds.JOBS,
    **{
        name: Kind(KubeObject, f"/apis/{group}/{version}", plural)
        for name, (group, version, plural) in CUSTOM_TYPES.items()
    },
}
REPLACED: Final = frozenset(KINDS)
"""Types whose orphans are deleted and recreated. What the download Job has fetched is on its volume and stays."""
READ: Final[dict[str, Kind[KubeObject]]] = {
    **KINDS,
    CLAIM_TYPE: kinds.CLAIMS,
    **{name: Kind(KubeObject, api.path, api.plural) for name, api in GRAPH_TYPES.items()},
}


@dataclass(frozen=True)
class LiveObject:
    """An object that exists on the cluster before the engine creates it."""

    place: KubeNamespace
    type: str
    live: KubeObject

    @property
    def name(self) -> str:
        return self.live.name

    def is_of(self, stack: str) -> bool:
        return is_owned_by(stack, self.live.metadata.annotations)

    @property
    def is_deleting(self) -> bool:
        return self.live.is_deleting

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} {self.name}"

    def delete(self) -> bool:
        """Delete the object, and wait until it is gone. Return whether the cluster accepted the request."""
        kind, cluster, namespace = READ[self.type], self.place.cluster, self.place.name
        pods_first = "Foreground" if self.type == JOB_TYPE else "Background"
        with unless_unreachable(f"{self}: deletion"):
            cluster.delete(kind, self.name, namespace, propagation=pods_first)
            until_gone(lambda: cluster.find(kind, self.name, namespace))
            return True
        return False


def find_object(kind: str, inputs: Mapping[str, Any]) -> LiveObject | None:
    """Return the object with the name and namespace of these inputs; None if it does not exist, or if the cluster
    cannot be reached."""
    metadata: dict[str, Any] = inputs.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    if kind not in READ or not isinstance(namespace, str) or not isinstance(name, str):
        return None
    with unless_unreachable(f"whether {name} exists"):
        place = connect_from_config(namespace)
        live = place.cluster.find(READ[kind], name, namespace)
        return LiveObject(place, kind, live) if live is not None else None
    return None
