"""The storage class of the model cache, looked for before the claim is made: without it the claim waits for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi

from wideep.errors import ConfigError, Problem
from wideep_cluster.kube import KubeNamespace

if TYPE_CHECKING:  # the engine unpickles providers in a process of its own, which has no use for the domain
    from wideep.plan import CachePlan

__all__ = ["check_storage"]

KEY: Final = "modelCache.storageClass"
Json = dict[str, str]
DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"


def check_storage(place: KubeNamespace, cache: CachePlan) -> None:
    """Raises pulumi.RunError where the cluster has neither the class nor a volume of it, or no default class and the
    config names none.

    A user who may not list them learns it from the claim.
    """
    from kubernetes.client import ApiException, CoreV1Api, StorageV1Api

    try:
        classes: Any = StorageV1Api(place.api).list_storage_class()
        volumes: Any = CoreV1Api(place.api).list_persistent_volume()
    except ApiException:
        return
    names: dict[str, Json] = {item.metadata.name: item.metadata.annotations or {} for item in classes.items}
    made_by_hand = {item.spec.storage_class_name for item in volumes.items}
    has_default = any(annotations.get(DEFAULT) == "true" for annotations in names.values())
    wanted = cache.storage_class
    if wanted in {*names, *made_by_hand} or (wanted is None and has_default):
        return
    there = ", ".join(sorted(names)) or "none at all"
    lacks = f"no storage class and no volume of that name; it has {there}" if wanted else "no default one"
    rule = f"the volume would wait for it for ever: the cluster has {lacks}"
    fix = f"{KEY}: {min(names)}, or whichever many nodes can mount" if names else "install a storage driver first"
    raise pulumi.RunError(str(ConfigError([Problem(KEY, wanted or "not set", rule, fix)])))
