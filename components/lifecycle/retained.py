"""Objects that this stack left on the cluster on purpose when it was destroyed, and that its next `up` imports.

The state no longer knows a retained object, and creating it again fails with "already exists". So it carries its
stack's name, and a stack that retains objects looks for them before it creates anything. Objects that are found are
imported. The engine ignores the import of an object that its state knows, so the option may stay in all later runs.
"""

from __future__ import annotations

import re
from typing import Final

import pulumi

from components.lifecycle.own_cluster import connect_from_config
from wideep.errors import ConfigError, Problem
from wideep.plan import CachePlan, Plan
from wideep.resource_names import OWNER_LABEL
from wideep_cluster.errors import ClusterError
from wideep_cluster.kinds import CLAIMS
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import Claim

__all__ = ["has_label", "import_options", "retained_claim", "retained_claim_of", "stack_label"]

LIMIT: Final = 63
"""Maximum number of characters of a label's value."""
UNSEEN: Final = "cannot tell whether a retained volume of this stack exists: {}"


def stack_label() -> dict[str, str]:
    """Return the label of retained objects: project and stack, in the characters that a label's value may have."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{pulumi.get_project()}.{pulumi.get_stack()}")
    return {OWNER_LABEL: name[:LIMIT].strip("-_.")}


def import_options(object_id: str | None, *from_others: str) -> pulumi.ResourceOptions:
    """Return options that import the object of that id, if there is one. ``from_others`` are fields that the cluster
    writes: they come with the imported object, and a later `up` must not remove them."""
    return pulumi.ResourceOptions(import_=object_id, ignore_changes=list(from_others))


def has_label(labels: dict[str, str]) -> bool:
    """Tell whether the object with these labels is retained by this stack."""
    return stack_label().items() <= labels.items()


def retained_claim_of(plan: Plan) -> bool:
    """Apply ``retained_claim`` to the cluster of the Kubernetes provider's config, for a stack that retains its
    claim."""
    from kubernetes.config import ConfigException

    try:
        place = connect_from_config(plan.namespace)
    except (ConfigException, OSError):
        pulumi.log.warn(UNSEEN.format("there is no kubeconfig"))
        return False
    return retained_claim(place, plan.cache)


def retained_claim(place: KubeNamespace, cache: CachePlan) -> bool:
    """Tell whether the claim exists and carries this stack's label. (``lifecycle.existing`` handles the namespace.)

    A cluster that cannot be reached is only a warning, so that a preview without one continues. Raise pulumi.RunError
    if the claim has another storage class or access mode, because its replacement cannot exist beside it.
    """
    try:
        claim = place.cluster.find(CLAIMS, cache.claim, place.name)
    except ClusterError as error:
        pulumi.log.warn(UNSEEN.format(error.reason))
        return False
    if claim is None or not has_label(claim.labels) or not cache.create:
        return False
    _check(claim, cache)
    return True


def _check(claim: Claim, cache: CachePlan) -> None:
    problems: list[Problem] = []
    live, modes = claim.spec.storage_class_name or "", claim.spec.access_modes
    if cache.storage_class not in (None, live):
        problems.append(_differs("storageClass", str(cache.storage_class), live, cache.claim))
    if modes != (cache.access_mode.value,):
        problems.append(_differs("accessMode", cache.access_mode.value, ", ".join(modes), cache.claim))
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))


def _differs(key: str, value: str, live: str, claim: str) -> Problem:
    rule = f"modelCache.retain is true, but the retained volume ({claim}) has {live}, which cannot change"
    return Problem(f"modelCache.{key}", value, rule, f"{key}: {live}, or delete the claim, and the weights with it")
