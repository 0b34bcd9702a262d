"""What this stack left on the cluster on purpose when it was destroyed, so that its next `up` takes it over.

No state knows a retained object any more, and to make it again fails with "already exists". So it carries its stack's
name, and a stack that retains looks for it before anything is made. Found objects are imported. The engine ignores an
import of what its state knows already, so the same is right in every later run, and nothing is to be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

import pulumi

from components.lifecycle.own_cluster import connect_from_config, read_or_none
from wideep.errors import ConfigError, Problem
from wideep.plan import CachePlan, Plan
from wideep.resource_names import OWNER_LABEL
from wideep_cluster.kube import KubeNamespace

__all__ = ["has_label", "import_options", "retained_claim", "retained_claim_of", "stack_label"]

LIMIT: Final = 63
"""Characters of a label's value."""
UNSEEN: Final = "cannot tell whether a retained volume of this stack exists: {}"
SECONDS: Final = 10
Json = dict[str, Any]


def stack_label() -> dict[str, str]:
    """The label of what is retained: project and stack, as a label's value may have them."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{pulumi.get_project()}.{pulumi.get_stack()}")
    return {OWNER_LABEL: name[:LIMIT].strip("-_.")}


def import_options(object_id: str | None, *from_others: str) -> pulumi.ResourceOptions:
    """Import the object of that id, where there is one. ``from_others`` are the fields that the cluster writes: they
    come with it, and a later `up` must not take them away."""
    return pulumi.ResourceOptions(import_=object_id, ignore_changes=list(from_others))


def has_label(labels: dict[str, str] | None) -> bool:
    """Whether the object with these labels is retained by this stack."""
    return stack_label().items() <= (labels or {}).items()


def retained_claim_of(plan: Plan) -> bool:
    """``retained_claim`` on the cluster of the Kubernetes provider's config, for a stack that retains."""
    from kubernetes.config import ConfigException

    try:
        place = connect_from_config(plan.namespace)
    except (ConfigException, OSError):
        pulumi.log.warn(UNSEEN.format("there is no kubeconfig"))
        return False
    return retained_claim(place, plan.cache)


def retained_claim(place: KubeNamespace, cache: CachePlan) -> bool:
    """Whether the claim is there and carries this stack's label. (The namespace is ``lifecycle.existing``'s.)

    A cluster that cannot be asked is a warning: a preview without one goes on. Raises pulumi.RunError where the
    claim has another storage class or access mode, because what would replace it cannot be made beside it.
    """
    from kubernetes.client import ApiException, CoreV1Api
    from urllib3.exceptions import HTTPError

    core = CoreV1Api(place.api)
    try:
        claim = _read(place, core.read_namespaced_persistent_volume_claim, cache.claim, place.name)
    except (ApiException, HTTPError) as error:
        pulumi.log.warn(UNSEEN.format(_said(error)))
        return False
    if claim is not None and cache.create:
        _check(claim["spec"], cache)
    return claim is not None and cache.create


def _read(place: KubeNamespace, function: Callable[..., object], *names: str) -> Json | None:
    """The object, if it is there and this stack's."""
    serialize = cast("Callable[[object], Json]", place.api.sanitize_for_serialization)  # pyright: ignore[reportUnknownMemberType]
    live = read_or_none(lambda: function(*names, _request_timeout=SECONDS))
    found = serialize(live) if live is not None else None
    return found if found is not None and has_label(found["metadata"].get("labels")) else None


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
    rule = f"modelCache.retain is true, but the retained volume ({claim}) has {live}, which cannot change"
    return Problem(f"modelCache.{key}", value, rule, f"{key}: {live}, or delete the claim, and the weights with it")


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else type(error).__name__
