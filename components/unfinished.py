"""What an `up` was killed over while it was made, in the moment before the engine could note it.

A small object goes before it is made again. A claim may hold what took hours to download, so it is taken over. (So is
the namespace: ``components.existing``.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import pulumi

from components.hooks import hook_all
from components.kube import KubeNamespace
from components.leftovers import CLAIM, found
from components.marks import has_mark
from components.meanings import EXISTS, Failed, meaning_of
from components.objects import Json, part
from components.own_cluster import own_cluster
from components.releases import stack_name
from components.state import known_outputs
from wideep.plan import Plan

__all__ = ["TakenError", "refuse_taken", "remake", "remake_unfinished", "unfinished_claim"]

SMALL: Final = {
    "kubernetes:core/v1:Secret": ("CoreV1Api", "secret"),
    "kubernetes:core/v1:Service": ("CoreV1Api", "service"),
    "kubernetes:networking.k8s.io/v1:Ingress": ("NetworkingV1Api", "ingress"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": ("NetworkingV1Api", "network_policy"),
}
"""By type: the client's class, and how its methods call the kind."""
MADE: Final = SMALL | {
    "kubernetes:core/v1:PersistentVolumeClaim": ("CoreV1Api", "persistent_volume_claim"),
    "kubernetes:batch/v1:Job": ("BatchV1Api", "job"),
}
"""All that is made in the namespace, likewise; and the graph, which is a custom object."""
GRAPH: Final = "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment"
LEFT: Final = "{} {}: an interrupted run has left it, unknown to the state; it is {}"


class TakenError(Exception):
    """An object of that name is somebody else's."""


def remake_unfinished(plan: Plan) -> None:
    """From here on, an object is made when none of its name is there: a small one that this stack has made goes first,
    and one of somebody else stays, and is told.

    A hook: the engine knows best which object it does not know. Providers differ in what they do about one that is
    there: pulumi-kubernetes refuses it since 4.29, and before took it over.
    """

    def before(args: pulumi.ResourceHookArgs) -> None:
        if not remake(args.type, args.new_inputs or {}):
            refuse_taken(args.type, args.new_inputs or {}, plan)

    hook = pulumi.ResourceHook("unfinished", before)
    for kind in (*MADE, GRAPH):
        hook_all(kind, pulumi.ResourceHookBinding(before_create=[hook]))


def refuse_taken(kind: str, inputs: Mapping[str, Any], plan: Plan) -> None:
    """Raises TakenError, with what to write instead, where the object of these inputs is somebody else's."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    metadata: dict[str, Any] = inputs.get("metadata") or {}
    place = _place(metadata["namespace"])
    try:
        live = _live(place, kind, metadata["name"]) if place else None
    except (ApiException, HTTPError) as error:
        pulumi.log.debug(f"whether {metadata['name']} is there was not to be told: {type(error).__name__}")
        return
    if live is not None and not has_mark(part(part(live, "metadata"), "annotations"), stack_name()):
        failed = Failed(kind, metadata["name"], EXISTS)
        raise TakenError(f"{failed.noun} {EXISTS}: {meaning_of(failed, plan)}")


def _live(place: KubeNamespace, kind: str, name: str) -> Json | None:
    from kubernetes import client

    if kind == GRAPH:
        where = ("nvidia.com", "v1alpha1", place.name, "dynamographdeployments", name)
        live = found(lambda: client.CustomObjectsApi(place.api).get_namespaced_custom_object(*where))
    else:
        interface, noun = MADE[kind]
        api: Any = getattr(client, interface)(place.api)
        live = found(lambda: getattr(api, f"read_namespaced_{noun}")(name, place.name))
    return cast("Json | None", place.api.sanitize_for_serialization(live))  # pyright: ignore[reportUnknownMemberType]


def remake(kind: str, inputs: Mapping[str, Any]) -> bool:
    """Deletes the small object of these inputs where this stack has made it. Whether it has."""
    from kubernetes import client
    from urllib3.exceptions import HTTPError

    metadata: dict[str, Any] = inputs.get("metadata") or {}
    place = _place(metadata["namespace"]) if kind in SMALL else None
    if place is None:
        return False
    name: str = metadata["name"]
    interface, noun = SMALL[kind]
    api: Any = getattr(client, interface)(place.api)
    try:
        live: Any = found(lambda: getattr(api, f"read_namespaced_{noun}")(name, place.name))
        if not live or not has_mark(live.metadata.annotations, stack_name()):
            return False
        pulumi.log.info(LEFT.format(kind.rpartition(":")[2], name, "made again"))
        getattr(api, f"delete_namespaced_{noun}")(name, place.name)
    except (client.ApiException, HTTPError) as error:
        pulumi.log.debug(f"whether {name} is there was not to be told: {type(error).__name__}")
        return False
    return True


def unfinished_claim(plan: Plan) -> bool:
    """Whether this stack has made the claim, and its state does not know it. Not in a preview."""
    known = None if pulumi.runtime.is_dry_run() else known_outputs()
    if known is None or not plan.cache.create or CLAIM in known:
        return False
    place = _place(plan.namespace)
    if place is None:
        return False
    from kubernetes.client import ApiException, CoreV1Api
    from urllib3.exceptions import HTTPError

    core, claim = CoreV1Api(place.api), plan.cache.claim
    try:
        live: Any = found(lambda: core.read_namespaced_persistent_volume_claim(claim, place.name))
    except (ApiException, HTTPError) as error:
        pulumi.log.debug(f"whether the claim is there was not to be told: {type(error).__name__}")
        return False
    if not live or not has_mark(live.metadata.annotations, stack_name()):
        return False
    pulumi.log.info(LEFT.format("PersistentVolumeClaim", claim, "taken over"))
    return True


def _place(namespace: str) -> KubeNamespace | None:
    """None: there is no cluster to ask, which the provider says of each object."""
    from kubernetes.config import ConfigException

    try:
        return own_cluster(namespace)
    except (ConfigException, OSError) as error:
        pulumi.log.debug(f"no cluster was asked: {type(error).__name__}")
        return None
