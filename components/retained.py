"""What this stack left on the cluster on purpose when it was destroyed, so that its next `up` takes it over.

No state knows a retained object any more, and to make it again fails with "already exists". So it carries its stack's
name, and a stack that retains looks for it before anything is made. Found objects are imported. The engine ignores an
import of what its state knows already, so the same is right in every later run, and nothing is to be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi

from components.kube import KubeNamespace
from components.own_cluster import own_cluster
from wideep.errors import ConfigError, Problem
from wideep.plan import CachePlan, Plan

__all__ = ["LABEL", "NOTHING", "Retained", "find_retained", "retained_of", "stack_label", "taking_over"]

LABEL: Final = "dynamo-wideep/stack"
LIMIT: Final = 63
"""Characters of a label's value."""
UNSEEN: Final = "whether a volume of this stack is there from before cannot be seen: {}"
NOT_FOUND: Final = 404
SECONDS: Final = 10
Json = dict[str, Any]


@dataclass(frozen=True)
class Retained:
    """What is there from before."""

    namespace: bool = False
    claim: bool = False


NOTHING: Final = Retained()


def stack_label() -> dict[str, str]:
    """The label of what is retained: project and stack, as a label's value may have them."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{pulumi.get_project()}.{pulumi.get_stack()}")
    return {LABEL: name[:LIMIT].strip("-_.")}


def taking_over(object_id: str | None, *from_others: str) -> pulumi.ResourceOptions:
    """Imports the object of that id, where there is one. ``from_others`` are the fields that the cluster writes: they
    come with it, and a later `up` must not take them away."""
    return pulumi.ResourceOptions(import_=object_id, ignore_changes=list(from_others))


def retained_of(plan: Plan) -> Retained:
    """``find_retained`` on the cluster of the Kubernetes provider's config, for a stack that retains."""
    from kubernetes.config import ConfigException

    try:
        place = own_cluster(plan.namespace)
    except ConfigException:
        pulumi.log.warn(UNSEEN.format("there is no kubeconfig"))
        return NOTHING
    return find_retained(place, plan.cache)


def find_retained(place: KubeNamespace, cache: CachePlan) -> Retained:
    """Which of namespace and claim carry this stack's label.

    A cluster that cannot be asked is a warning: a preview without one goes on. Raises pulumi.RunError where the
    claim has another storage class or access mode, because what would replace it cannot be made beside it.
    """
    from kubernetes.client import ApiException, CoreV1Api
    from urllib3.exceptions import HTTPError

    core = CoreV1Api(place.api)
    try:
        namespace = _read(place, core.read_namespace, place.name)
        claim = _read(place, core.read_namespaced_persistent_volume_claim, cache.claim, place.name)
    except (ApiException, HTTPError) as error:
        pulumi.log.warn(UNSEEN.format(_said(error)))
        return NOTHING
    if claim is not None and cache.create:
        _check(claim["spec"], cache)
    return Retained(namespace is not None, claim is not None and cache.create)


def _read(place: KubeNamespace, function: Callable[..., object], *names: str) -> Json | None:
    """The object, if it is there and this stack's."""
    from kubernetes.client import ApiException

    serialize = cast("Callable[[object], Json]", place.api.sanitize_for_serialization)  # pyright: ignore[reportUnknownMemberType]
    try:
        found = serialize(function(*names, _request_timeout=SECONDS))
    except ApiException as error:
        if cast("int", error.status) == NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
            return None
        raise
    labels: dict[str, str] = found["metadata"].get("labels") or {}
    return found if stack_label().items() <= labels.items() else None


def _check(spec: Json, cache: CachePlan) -> None:
    problems: list[Problem] = []
    live = str(spec.get("storageClassName", ""))
    if cache.storage_class not in (None, live):
        problems.append(_differs("storageClass", str(cache.storage_class), live, cache.claim))
    modes: list[str] = spec["accessModes"]
    if [cache.access_mode.value] != modes:
        problems.append(_differs("accessMode", cache.access_mode.value, ", ".join(modes), cache.claim))
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))


def _differs(key: str, value: str, live: str, claim: str) -> Problem:
    rule = f"modelCache.retain is true, and the volume that this stack keeps ({claim}) has {live}, which cannot change"
    return Problem(f"modelCache.{key}", value, rule, f"{key}: {live}, or delete the claim, and the weights with it")


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else type(error).__name__
