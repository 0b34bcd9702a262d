"""What an `up` was killed over while it was made, in the moment before the engine could note it.

A small object goes before it is made again. A claim may hold what took hours to download, so it is taken over. (So is
the namespace: ``components.lifecycle.existing``.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi

from components.lifecycle.error_messages import EXISTS, Failed, meaning_of
from components.lifecycle.hooks import hook_all
from components.lifecycle.orphans import CLAIM, found
from components.lifecycle.own_cluster import own_cluster
from components.lifecycle.ownership import is_owned_by, stack_name
from components.lifecycle.state import known_outputs
from wideep.plan import Plan
from wideep.resource_names import (
    CLAIM_TYPE,
    GRAPH_TYPE,
    INGRESS_TYPE,
    JOB_TYPE,
    POLICY_TYPE,
    SECRET_TYPE,
    SERVICE_TYPE,
)
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.kube_objects import Json, part

__all__ = ["TakenError", "refuse_taken", "remake", "remake_unfinished", "unfinished_claim"]

SMALL: Final = {
    SECRET_TYPE: ("CoreV1Api", "secret"),
    SERVICE_TYPE: ("CoreV1Api", "service"),
    INGRESS_TYPE: ("NetworkingV1Api", "ingress"),
    POLICY_TYPE: ("NetworkingV1Api", "network_policy"),
}
"""By type: the client's class, and how its methods call the kind."""
MADE: Final = SMALL | {
    CLAIM_TYPE: ("CoreV1Api", "persistent_volume_claim"),
    JOB_TYPE: ("BatchV1Api", "job"),
}
"""All that is made in the namespace, likewise; and the graph, which is a custom object."""
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
        there = _there(args.type, args.new_inputs or {})
        if there is not None and not _remade(there):
            _refuse(there, plan)

    hook = pulumi.ResourceHook("unfinished", before)
    for kind in (*MADE, GRAPH_TYPE):
        hook_all(kind, pulumi.ResourceHookBinding(before_create=[hook]))


def refuse_taken(kind: str, inputs: Mapping[str, Any], plan: Plan) -> None:
    """Raises TakenError, with what to write instead, where the object of these inputs is somebody else's."""
    there = _there(kind, inputs)
    if there is not None:
        _refuse(there, plan)


def remake(kind: str, inputs: Mapping[str, Any]) -> bool:
    """Deletes the small object of these inputs where this stack has made it. Whether it has."""
    there = _there(kind, inputs) if kind in SMALL else None
    return there is not None and _remade(there)


def unfinished_claim(plan: Plan) -> bool:
    """Whether this stack has made the claim, and its state does not know it. Not in a preview."""
    known = None if pulumi.runtime.is_dry_run() else known_outputs()
    if known is None or not plan.cache.create or CLAIM in known:
        return False
    there = _there(CLAIM_TYPE, {"metadata": {"name": plan.cache.claim, "namespace": plan.namespace}})
    if there is None or not there.is_ours:
        return False
    pulumi.log.info(LEFT.format("PersistentVolumeClaim", there.name, "taken over"))
    return True


@dataclass(frozen=True)
class _There:
    """An object that the cluster has before the engine makes it."""

    place: KubeNamespace
    kind: str
    name: str
    body: Json

    @property
    def is_ours(self) -> bool:
        return is_owned_by(stack_name(), part(part(self.body, "metadata"), "annotations"))


def _there(kind: str, inputs: Mapping[str, Any]) -> _There | None:
    """The object of these inputs; None where it is not there, or the cluster cannot be asked."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    metadata: dict[str, Any] = inputs.get("metadata") or {}
    place, name = _place(metadata["namespace"]), metadata["name"]
    try:
        live = _live(place, kind, name) if place else None
    except (ApiException, HTTPError) as error:
        pulumi.log.debug(f"whether {name} is there was not to be told: {type(error).__name__}")
        return None
    return _There(place, kind, name, live) if place and live is not None else None


def _live(place: KubeNamespace, kind: str, name: str) -> Json | None:
    from kubernetes import client

    if kind == GRAPH_TYPE:
        where = ("nvidia.com", "v1alpha1", place.name, "dynamographdeployments", name)
        live = found(lambda: client.CustomObjectsApi(place.api).get_namespaced_custom_object(*where))
    else:
        api, noun = _api(place, kind)
        live = found(lambda: getattr(api, f"read_namespaced_{noun}")(name, place.name))
    return cast("Json | None", place.api.sanitize_for_serialization(live))  # pyright: ignore[reportUnknownMemberType]


def _api(place: KubeNamespace, kind: str) -> tuple[Any, str]:
    """The client for objects of the kind, and how its methods call the kind."""
    from kubernetes import client

    interface, noun = MADE[kind]
    return getattr(client, interface)(place.api), noun


def _remade(there: _There) -> bool:
    """Deletes it where it is small and this stack's. Whether it has."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    if there.kind not in SMALL or not there.is_ours:
        return False
    pulumi.log.info(LEFT.format(there.kind.rpartition(":")[2], there.name, "made again"))
    api, noun = _api(there.place, there.kind)
    try:
        getattr(api, f"delete_namespaced_{noun}")(there.name, there.place.name)
    except (ApiException, HTTPError) as error:
        pulumi.log.debug(f"{there.name} was not deleted: {type(error).__name__}")
        return False
    return True


def _refuse(there: _There, plan: Plan) -> None:
    if not there.is_ours:
        failed = Failed(there.kind, there.name, EXISTS)
        raise TakenError(f"{failed.noun} {EXISTS}: {meaning_of(failed, plan)}")


def _place(namespace: str) -> KubeNamespace | None:
    """None: there is no cluster to ask, which the provider says of each object."""
    from kubernetes.config import ConfigException

    try:
        return own_cluster(namespace)
    except (ConfigException, OSError) as error:
        pulumi.log.debug(f"no cluster was asked: {type(error).__name__}")
        return None
