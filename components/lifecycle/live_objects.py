"""Objects on the cluster, read by the inputs of the resource that is to make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from components.lifecycle.orphans import until_gone
from components.lifecycle.own_cluster import connect_from_config, read_or_none, unless_unreachable
from components.lifecycle.ownership import is_owned_by
from wideep.dynamo.api import GROUP
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
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.manifests import Json, part

__all__ = ["REPLACED", "LiveObject", "find_object"]

CLIENTS: Final = {
    CONFIG_MAP_TYPE: ("CoreV1Api", "config_map"),
    SECRET_TYPE: ("CoreV1Api", "secret"),
    SERVICE_TYPE: ("CoreV1Api", "service"),
    INGRESS_TYPE: ("NetworkingV1Api", "ingress"),
    POLICY_TYPE: ("NetworkingV1Api", "network_policy"),
    JOB_TYPE: ("BatchV1Api", "job"),
}
"""The client's class, and the noun in its methods."""
REPLACED: Final = frozenset({*CLIENTS, *CUSTOM_TYPES})
"""Types of orphans that are deleted and made again. What the Job has downloaded is on its volume."""
READ: Final = CLIENTS | {CLAIM_TYPE: ("CoreV1Api", "persistent_volume_claim")}


@dataclass(frozen=True)
class LiveObject:
    """An object that the cluster has before the engine makes it."""

    place: KubeNamespace
    type: str
    name: str
    body: Json

    def is_of(self, stack: str) -> bool:
        return is_owned_by(stack, part(part(self.body, "metadata"), "annotations"))

    @property
    def is_deleting(self) -> bool:
        return "deletionTimestamp" in part(self.body, "metadata")

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} {self.name}"

    def delete(self) -> bool:
        """Delete it, and wait until it is gone. Whether the cluster took the call."""
        pods_first = {"propagation_policy": "Foreground"} if self.type == JOB_TYPE else {}
        with unless_unreachable(f"{self}: deletion"):
            if where := _custom(self.place, self.type, self.name):
                from kubernetes import client

                client.CustomObjectsApi(self.place.api).delete_namespaced_custom_object(*where)
            else:
                api, noun = _api(self.place, self.type)
                getattr(api, f"delete_namespaced_{noun}")(self.name, self.place.name, **pods_first)
            until_gone(lambda: _read(self.place, self.type, self.name))
            return True
        return False


def find_object(kind: str, inputs: Mapping[str, Any]) -> LiveObject | None:
    """The object of these inputs; None if it does not exist, or the cluster cannot be asked."""
    metadata: dict[str, Any] = inputs.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    if kind not in (*READ, *CUSTOM_TYPES, *GRAPH_TYPES) or not isinstance(namespace, str) or not isinstance(name, str):
        return None
    with unless_unreachable(f"whether {name} exists"):
        place = connect_from_config(namespace)
        live = read_or_none(lambda: _read(place, kind, name))
        body = cast("Json | None", place.api.sanitize_for_serialization(live))  # pyright: ignore[reportUnknownMemberType]
        return LiveObject(place, kind, name, body) if body is not None else None
    return None


def _read(place: KubeNamespace, kind: str, name: str) -> object:
    from kubernetes import client

    if where := _custom(place, kind, name):
        return client.CustomObjectsApi(place.api).get_namespaced_custom_object(*where)
    api, noun = _api(place, kind)
    return getattr(api, f"read_namespaced_{noun}")(name, place.name)


def _custom(place: KubeNamespace, kind: str, name: str) -> tuple[str, str, str, str, str] | None:
    """Group, version, namespace, plural and name of a custom resource; None for Kubernetes' own kinds."""
    if kind in CUSTOM_TYPES:
        group, version, plural = CUSTOM_TYPES[kind]
        return group, version, place.name, plural, name
    api = GRAPH_TYPES.get(kind)
    return (GROUP, api.version, place.name, api.plural, name) if api else None


def _api(place: KubeNamespace, kind: str) -> tuple[Any, str]:
    """The client for objects of the type, and the noun in its methods."""
    from kubernetes import client

    interface, noun = READ[kind]
    return getattr(client, interface)(place.api), noun
